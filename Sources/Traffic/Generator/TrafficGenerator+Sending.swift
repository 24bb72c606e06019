import Attribution
import Codec

/// The way of an event to the log: delays, copies, versions, and what cannot be used.
extension TrafficGenerator {
  /// Sends a base event on its way, perhaps with a copy behind it and something useless beside it.
  mutating func send(_ event: PendingEvent) {
    var event = event
    remaining -= 1
    if let late = times.late, chances.late.happens(&random) {
      event.truth = .late
      event.arrival += Delays.logUniform(from: late.lowerBound, to: late.upperBound, &random)
    } else {
      event.arrival += Delays.mostlyShort(upTo: times.ordinary, &random)
    }
    queue.insert(event)
    if chances.duplicate.happens(&random) { sendCopy(of: event) }
    if options.versions > 0, chances.version.happens(&random) { sendVersions(of: event) }
    if chances.malformed.happens(&random) { sendMalformed(beside: event.kind) }
    if chances.tooLate.happens(&random), clock - options.start >= times.warmUp { sendTooLate() }
  }

  mutating func sendCopy(of event: PendingEvent) {
    var copy = event
    copy.truth = .duplicate
    let pause =
      switch random.below(10) {
      case 0..<7: random.below(5_000)
      case 7..<9: Delays.logUniform(from: 60_000, to: 1_800_000, &random)
      default: Delays.logUniform(from: 1_800_000, to: 4 * 3_600_000, &random)
      }
    copy.arrival = Swift.min(
      event.arrival + pause, Swift.max(event.arrival, event.time + times.copy))
    // The same bytes again, or the same event written differently.
    if random.below(2) == 0 { copy.format = random.next() }
    queue.insert(copy)
  }

  /// Sends one to three versions of an event behind it: refunds, restated costs, fraud, corrected times.
  mutating func sendVersions(of event: PendingEvent) {
    var arrival = event.arrival
    for version in 1...1 + Int32(random.below(3)) {
      var restated = event
      restated.truth = .version
      restated.version = version
      restated.format = random.next()
      switch random.below(4) {
      case 0: restated.isDeleted = true
      case 1:
        // Backwards, so that it is no event of the future.
        restated.originalTime = event.time
        restated.time -= random.below(600_000)
      default: restated.amount = restated.amount < 0 ? -1 : restated.amount / 2
      }
      if event.kind.isTouch, random.below(4) == 0 { restated.campaign = catalogue.pick(&random) }
      arrival += random.below(random.below(4) == 0 ? 3_600_000 : 30_000)
      restated.arrival = Swift.min(arrival, Swift.max(event.arrival, event.time + times.copy))
      guard restated.arrival - restated.time <= times.copy || version == 1 else { return }
      // One that is moved might be too late where the original was not.
      if restated.arrival - restated.time > times.copy { restated.time = event.time }
      queue.insert(restated)
      arrival = restated.arrival
    }
  }

  private mutating func sendTooLate() {
    let delay =
      times.tooLate.lowerBound
      + random.below(times.tooLate.upperBound - times.tooLate.lowerBound + 1)
    let user = pickUser()
    var event =
      options.conversionRate > 0 && random.below(8) == 0
      ? makeConversion(of: user, at: clock - delay)
      : makeTouch(of: user, at: clock - delay, after: nil)
    event.arrival = clock
    event.truth = .tooLate
    queue.insert(event)
  }

  /// - Parameter kind: of the event that went before: the market's useless records are spread as its events are.
  private mutating func sendMalformed(beside kind: EventKind) {
    let rejection: RejectionReason =
      switch random.below(64) {
      case 0: .tooLarge
      case 1..<20: .malformedJSON
      case 20..<34: .missingField
      case 34..<48: .invalidField
      case 48..<56: .futureEvent
      default: .wrongCurrency
      }
    let user = pickUser()
    var event: PendingEvent
    switch options.profile == .market ? kind : denseKind() {
    case .impression, .click: event = makeTouch(of: user, at: clock, after: nil)
    case .cost: event = makeCostRow(of: catalogue.pick(&random), at: clock)
    case .conversion: event = makeConversion(of: user, at: clock)
    }
    event.truth = .malformed(rejection)
    event.arrival = clock + Delays.mostlyShort(upTo: times.ordinary, &random)
    if rejection == .futureEvent {
      event.time =
        event.arrival + options.definitions.maxFutureSkew + 1 + random.below(3_600_000)
    }
    queue.insert(event)
  }

  private mutating func denseKind() -> EventKind {
    switch random.below(options.costRows ? 10 : 9) {
    case 0..<7: .click
    case 9: .cost
    default: .conversion
    }
  }
}
