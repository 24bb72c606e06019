import WebClient

/// What attributes journeys.
package enum AttributionModel: Sendable {
  case api(APIEndpoint, APIKey)
  /// Our own split.
  case heuristic

  /// What the results are kept under.
  var name: String {
    switch self {
    case .api(let endpoint, _): "ihc_api:\(endpoint.conversionType)"
    case .heuristic: HeuristicSplit.name
    }
  }
}

/// How journeys are attributed.
package struct AttributionOptions: Sendable {
  /// Journeys in a chunk.
  package var maxJourneys = 100
  /// Sessions in a chunk.
  package var maxSessions = 200
  /// Requests at a time.
  package var parallel = 4
  package var backoff = Backoff()
  package var limits = HTTPLimits()
  /// Journeys and sessions that are in memory, and packed together.
  var windowJourneys = 20_000
  var windowSessions = 200_000
  /// Whether journeys that were answered are attributed again.
  package var again = false

  package init() {}
}

/// What became of the journeys.
package struct AttributionSummary: Equatable, Sendable {
  /// Conversions of the selection.
  package var conversions = 0
  /// Those that no session came before: there is nothing to attribute.
  package var withoutSessions = 0
  /// Journeys that an earlier run stored.
  package var answeredBefore = 0
  package var answered = 0
  /// Sessions of the journeys that are to be sent, or were.
  package var sessions = 0
  /// Chunks to be sent, in a dry run; otherwise requests made, retries included.
  package var requests = 0
  package var retries = 0
  /// Journeys larger than a chunk.
  package var tooLarge = 0
  /// Journeys whose answer is wrong, or that the API left out.
  package var refused = 0
  /// Journeys whose chunk failed, however often it was sent.
  package var failed = 0
  /// Journeys that were not sent because the run ended.
  package var unsent = 0
  /// Parts of answers that nobody asked for.
  package var surplus = 0

  package init() {}

  /// Journeys of the selection.
  package var journeys: Int { conversions - withoutSessions }
  /// Whether all journeys are stored.
  package var isComplete: Bool {
    tooLarge == 0 && refused == 0 && failed == 0 && unsent == 0 && surplus == 0
  }
}

/// Attributes the journeys of a selection and stores the answers.
///
/// Journeys are taken in windows of a bounded number of sessions; those of a window that are not
/// answered yet are packed into chunks. Each chunk's answer is stored in one transaction as soon as it
/// is there. For one thread.
package struct JourneyAttribution {
  private let source: any JourneySource
  /// Nil in a dry run over a database without results.
  private let results: (any JourneyResults)?
  private let model: AttributionModel
  private let options: AttributionOptions
  /// Gets one line for each journey that is left out or refused, and for each pause.
  private let note: (String) -> Void
  /// Gets how many conversions are done with.
  private let progress: (Int) -> Void
  private let shouldStop: () -> Bool

  private var summary = AttributionSummary()
  private var window: [Journey] = []
  private var windowSize = 0
  private var done = 0

  package init(
    _ source: any JourneySource, _ results: (any JourneyResults)?, _ model: AttributionModel,
    _ options: AttributionOptions, note: @escaping (String) -> Void,
    progress: @escaping (Int) -> Void = { _ in }, shouldStop: @escaping () -> Bool = { false }
  ) {
    self.source = source
    self.results = results
    self.model = model
    self.options = options
    self.note = note
    self.progress = progress
    self.shouldStop = shouldStop
  }

  /// Counts what a run would send; changes nothing.
  package mutating func dryRun(_ selection: JourneySelection) throws -> AttributionSummary {
    try run(selection) { run, window in
      guard case .api = run.model else { return nil }
      run.summary.requests += run.chunks(window).count
      return nil
    }
  }

  /// Attributes and stores all journeys that are not stored yet.
  ///
  /// - Returns: what became of them, and the error that ended the run early, if one did. What was
  ///   answered until then is stored.
  package mutating func run(
    _ selection: JourneySelection
  ) throws -> (summary: AttributionSummary, failure: JourneyError?) {
    guard let results else { preconditionFailure("there is nowhere to store results") }
    try results.prepare()
    var failure: JourneyError?
    switch model {
    case .heuristic:
      _ = try run(selection) { run, window in
        try results.save(
          window.map {
            CreditedJourney(
              conversionID: $0.conversionID, fingerprint: $0.fingerprint,
              credits: HeuristicSplit.credits($0.sessions))
          }, model: HeuristicSplit.name)
        run.summary.answered += window.count
        return nil
      }
    case .api(let endpoint, let key):
      var sender = try ChunkSender(endpoint, key, options, note: note, shouldStop: shouldStop)
      _ = try run(selection) { run, window in
        let before = run.done
        let chunks = run.chunks(window)
        var finished = 0
        let outcome = try sender.send(chunks) { accepted, count in
          try results.save(accepted, model: run.model.name)
          finished += count
          run.progress(before + finished)
        }
        run.summary.add(outcome)
        failure = outcome.failure
        return outcome.failure
      }
    }
    return (summary, failure)
  }

  /// Takes the selection's journeys in windows; `body` returns why there should be no further ones.
  private mutating func run(
    _ selection: JourneySelection,
    _ body: (inout JourneyAttribution, [Journey]) throws -> JourneyError?
  ) throws -> AttributionSummary {
    var isOver = false
    func flush(_ run: inout JourneyAttribution) throws {
      let pending = try run.pending()
      run.summary.sessions += pending.reduce(0) { $0 + $1.sessions.count }
      if isOver || (!pending.isEmpty && run.shouldStop()) {
        isOver = true
        run.summary.unsent += pending.count
      } else if !pending.isEmpty {
        isOver = try body(&run, pending) != nil
      }
      run.done += run.window.count
      run.progress(run.done)
      run.window.removeAll(keepingCapacity: true)
      run.windowSize = 0
    }
    try source.forEachJourney(selection) { journey in
      summary.conversions += 1
      guard !journey.sessions.isEmpty else {
        summary.withoutSessions += 1
        done += 1
        return
      }
      if !window.isEmpty, windowSize + journey.sessions.count > options.windowSessions {
        try flush(&self)
      }
      window.append(journey)
      windowSize += journey.sessions.count
      if window.count == options.windowJourneys { try flush(&self) }
    }
    try flush(&self)
    return summary
  }

  /// Those of the window that have no answer yet and are not too large.
  private mutating func pending() throws -> [Journey] {
    guard !window.isEmpty else { return [] }
    let known =
      options.again ? [:] : try results?.answered(window.map(\.conversionID)) ?? [:]
    return window.filter { journey in
      if let answer = known[journey.conversionID], answer.model == model.name,
        answer.fingerprint == journey.fingerprint
      {
        summary.answeredBefore += 1
        return false
      }
      if case .api = model, journey.sessions.count > options.maxSessions {
        summary.tooLarge += 1
        note(
          "conversion \(ForeignText.quoted(journey.conversionID)) is left out: its journey has "
            + "\(journey.sessions.count) sessions, more than the \(options.maxSessions) of a chunk")
        return false
      }
      return true
    }
  }

  private func chunks(_ journeys: [Journey]) -> [[Journey]] {
    JourneyPacking.chunks(
      journeys.map(\.sessions.count), maxJourneys: options.maxJourneys,
      maxSessions: options.maxSessions
    ).map { $0.map { journeys[$0] } }
  }
}

extension AttributionSummary {
  fileprivate mutating func add(_ outcome: ChunkOutcome) {
    answered += outcome.answered
    refused += outcome.refused
    failed += outcome.failed
    unsent += outcome.unsent
    surplus += outcome.surplus
    requests += outcome.requests
    retries += outcome.retries
  }
}
