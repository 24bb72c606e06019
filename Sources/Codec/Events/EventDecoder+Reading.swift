// Safety: the record is read only during `decode`, through spans that the scanner made inside it (see EventDecoder.swift).

import Attribution

/// Reading the fields that have been found.
extension EventDecoder {
  @inline(__always)
  func read(
    _ present: EventFields, recordTimestamp: Milliseconds, into event: inout Event
  ) -> RejectionReason? {
    guard let eventID = requiredName(.eventID),
      let time = time(of: memory.spans[Int(EventField.eventTime.rawValue)]),
      let amount = amount(present)
    else { return .invalidField }

    var result = Event(
      kind: kind, time: time, amount: amount, eventID: eventID, userID: absentName,
      campaignID: absentName, channel: absentName, adID: absentName, sessionID: absentName)
    if kind != .cost {
      guard let userID = requiredName(.userID) else { return .invalidField }
      result.userID = userID
    }
    if kind != .conversion {
      guard let campaignID = requiredName(.campaignID) else { return .invalidField }
      result.campaignID = campaignID
    }
    if kind != .conversion {
      guard let channel = optionalName(.channel, present), let adID = optionalName(.adID, present)
      else { return .invalidField }
      result.channel = channel
      result.adID = adID
    }
    if kind.isTouch {
      guard let sessionID = optionalName(.sessionID, present), let ip = optionalName(.ip, present)
      else { return .invalidField }
      result.sessionID = sessionID
      result.ip = ip
    }
    if !fields.isEmpty {
      guard let values = configuredValues(present) else { return .invalidField }
      result.values = values
    }
    guard let isOurCurrency = isOurCurrency(present) else { return .invalidField }
    result.hasAmount = optional(moneyField, present) != nil
    result.hasCurrency = optional(.currency, present) != nil
    if present.speaksOfVersions, !readVersion(present, into: &result) { return .invalidField }

    let written = recordTimestamp == -1 ? .max : recordTimestamp
    if isInFuture(result.latestTime, min(written, clock)) { return .futureEvent }
    if !isOurCurrency { return .wrongCurrency }
    if let pseudonymizer { pseudonymizer.replace(&result, in: memory.arena) }
    event = result
    return nil
  }

  /// Reads what makes an event a version of another; false when it is invalid.
  @inline(never)
  private func readVersion(_ present: EventFields, into event: inout Event) -> Bool {
    if let span = optional(.version, present) {
      guard let version = version(of: span) else { return false }
      event.version = version
    }
    if let span = optional(.deleted, present) {
      guard let isDeleted = truth(of: span) else { return false }
      event.isDeleted = isDeleted
    }
    if let span = optional(.originalTime, present) {
      guard let time = time(of: span) else { return false }
      event.originalTime = time
    }
    return true
  }

  /// An integer of 31 bits, or its digits as text; nil when invalid.
  func version(of span: JSONSpan) -> Int32? {
    func value(_ text: BorrowedBytes) -> Int32? {
      guard (1...10).contains(text.count) else { return nil }
      var value: Int64 = 0
      for index in 0..<text.count {
        guard ASCII.isDigit(text[index]) else { return nil }
        value = value * 10 + Int64(text[index] - ASCII.zero)
      }
      return Int32(exactly: value)
    }
    return span.kind == .number ? value(span.text) : temporaryText(of: span, value)
  }

  /// `true` or `false`, or the word as text; nil for anything else.
  func truth(of span: JSONSpan) -> Bool? {
    func value(_ text: BorrowedBytes) -> Bool? {
      if text.buffer.elementsEqual("true".utf8) { return true }
      return text.buffer.elementsEqual("false".utf8) ? false : nil
    }
    return span.kind == .boolean ? value(span.text) : temporaryText(of: span, value)
  }

  private var moneyField: EventField {
    switch kind {
    case .impression, .click: .cost
    case .conversion: .value
    case .cost: .amount
    }
  }

  @inline(__always)
  func isInFuture(_ time: Milliseconds, _ clock: Milliseconds) -> Bool {
    let (limit, hasOverflowed) = clock.addingReportingOverflow(maxFutureSkew)
    // No time is past a limit that does not fit; every time is past one that underflows.
    return hasOverflowed ? maxFutureSkew < 0 : time > limit
  }

  /// A field of which `null` and `""` count as absent.
  @inline(__always)
  private func optional(_ field: EventField, _ present: EventFields) -> JSONSpan? {
    guard present.contains(field) else { return nil }
    let span = memory.spans[Int(field.rawValue)]
    if span.kind == .null || span.kind == .string && span.text.isEmpty { return nil }
    return span
  }

  /// The text of a string, escapes resolved; nil when the value is no string.
  @inline(__always)
  private func text(of span: JSONSpan) -> BorrowedBytes? {
    switch span.kind {
    case .string: span.text
    case .escapedString: memory.arena.unescape(span.text)
    default: nil
    }
  }

  @inline(__always)
  func name(of span: JSONSpan) -> BorrowedBytes? {
    guard let text = span.kind == .number ? digits(of: span) : text(of: span),
      text.count <= Self.maximumNameLength
    else { return nil }
    return text
  }

  /// The text of an integer; nil for any other number.
  @inline(never)
  func digits(of span: JSONSpan) -> BorrowedBytes? {
    for index in 0..<span.text.count
    where !ASCII.isDigit(span.text[index]) && (index > 0 || span.text[index] != ASCII.minus) {
      return nil
    }
    return span.text
  }

  /// A name of 1 to 128 bytes; nil when invalid.
  @inline(__always)
  private func requiredName(_ field: EventField) -> BorrowedBytes? {
    guard let name = name(of: memory.spans[Int(field.rawValue)]), !name.isEmpty else { return nil }
    return name
  }

  /// A name of up to 128 bytes, empty when absent; nil when invalid.
  @inline(__always)
  private func optionalName(_ field: EventField, _ present: EventFields) -> BorrowedBytes? {
    guard let span = optional(field, present) else { return absentName }
    return name(of: span)
  }

  /// The values of the fields that the configuration adds; nil when one is invalid.
  @inline(never)
  private func configuredValues(_ present: EventFields) -> ConfiguredValues? {
    let count = fields.names.count
    let values = memory.arena.reserve(BorrowedBytes.self, count)
    for index in 0..<count {
      guard let value = optionalName(.configured(index), present) else { return nil }
      (values + index).initialize(to: value)
    }
    return ConfiguredValues(start: values, count: count, matching: fields.matching)
  }

  /// RFC 3339 text, or an integer of milliseconds; nil when invalid.
  @inline(__always)
  func time(of span: JSONSpan) -> Milliseconds? {
    let time = readTime(span)
    guard let time, time >= earliestEventTime else { return nil }
    return time
  }

  /// The time that a value says, however early.
  @inline(__always)
  func readTime(_ span: JSONSpan) -> Milliseconds? {
    switch span.kind {
    case .number: Time.parseInteger(span.text)
    case .time: (Time.earliest...Time.latest).contains(span.time) ? span.time : nil
    default: temporaryText(of: span) { Time.parse($0) }
    }
  }

  /// The money field of this kind of event, 0 when it is optional and absent; nil when invalid.
  @inline(__always)
  private func amount(_ present: EventFields) -> Micros? {
    switch kind {
    case .impression, .click: return optionalMoney(.cost, present)
    case .conversion: return optionalMoney(.value, present)
    case .cost: return money(memory.spans[Int(EventField.amount.rawValue)])
    }
  }

  @inline(__always)
  private func optionalMoney(_ field: EventField, _ present: EventFields) -> Micros? {
    guard let span = optional(field, present) else { return 0 }
    return money(span)
  }

  private func money(_ span: JSONSpan) -> Micros? {
    if span.kind == .number { return Money.parse(span.text, excessDecimals: excessDecimals) }
    return temporaryText(of: span) { Money.parse($0, excessDecimals: excessDecimals) }
  }

  /// Whether the amounts are in the configured currency, in capitals or not; nil when the field is invalid.
  @inline(__always)
  private func isOurCurrency(_ present: EventFields) -> Bool? {
    guard let span = optional(.currency, present) else { return true }
    return temporaryText(of: span) { text in
      guard text.count == currency.count else { return false }
      for index in currency.indices where text[index] | 0x20 != currency[index] | 0x20 {
        return false
      }
      return true
    }
  }

  /// What `body` makes of a string that need not be kept; nil when the value is no string.
  @inline(__always)
  func temporaryText<Result>(
    of span: JSONSpan, _ body: (BorrowedBytes) -> Result?
  ) -> Result? {
    guard span.kind == .escapedString else { return text(of: span).flatMap(body) }
    let mark = memory.arena.mark
    defer { memory.arena.rewind(to: mark) }
    return body(memory.arena.unescape(span.text))
  }
}
