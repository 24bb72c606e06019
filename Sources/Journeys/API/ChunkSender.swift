import WebClient

/// What became of chunks.
struct ChunkOutcome: Equatable {
  /// Journeys.
  var answered = 0
  var refused = 0
  var failed = 0
  var unsent = 0
  var surplus = 0
  var requests = 0
  var retries = 0
  /// Why no further chunks should be sent.
  var failure: JourneyError?
}

/// Sends chunks of journeys to the API, several at a time, and sends again what failed in passing.
struct ChunkSender {
  /// After so many chunks in a row that failed for good, the API is taken to be down.
  private static let failuresInARow = 3
  /// Milliseconds between looks at the clock and at `shouldStop`.
  private static let turn = 100

  private struct Attempt {
    var chunk: Int
    /// How often it has failed.
    var failures = 0
    var due = ContinuousClock.now
  }

  private let endpoint: APIEndpoint
  private let key: APIKey
  private let options: AttributionOptions
  private let note: (String) -> Void
  private let shouldStop: () -> Bool
  private let client: HTTPClient
  private var random = SystemRandomNumberGenerator()

  /// Chunks that failed for good since the last one that was answered.
  private var failuresInARow = 0
  /// Until when the API asks to be left alone.
  private var pausedUntil = ContinuousClock.now

  init(
    _ endpoint: APIEndpoint, _ key: APIKey, _ options: AttributionOptions,
    note: @escaping (String) -> Void, shouldStop: @escaping () -> Bool
  ) throws(JourneyError) {
    self.endpoint = endpoint
    self.key = key
    self.options = options
    self.note = note
    self.shouldStop = shouldStop
    do throws(HTTPFailure) {
      client = try HTTPClient(options.limits, connections: options.parallel)
    } catch {
      throw JourneyError("\(error)")
    }
  }

  /// Sends all chunks; returns when each is answered or given up.
  ///
  /// - Parameter store: gets the journeys that were answered rightly, and how many were sent with them.
  mutating func send(
    _ chunks: [[Journey]], store: ([CreditedJourney], Int) throws -> Void
  ) throws -> ChunkOutcome {
    var outcome = ChunkOutcome()
    var waiting = chunks.indices.map { Attempt(chunk: $0) }
    waiting.reverse()
    var flying: [Int: Attempt] = [:]
    while !waiting.isEmpty || !flying.isEmpty {
      if outcome.failure == nil, shouldStop() {
        outcome.failure = JourneyError("stopped; run the same command to go on")
      }
      if outcome.failure != nil {
        outcome.unsent += waiting.reduce(0) { $0 + chunks[$1.chunk].count }
        waiting.removeAll()
      }
      while flying.count < options.parallel, let attempt = next(&waiting) {
        outcome.requests += 1
        if attempt.failures > 0 { outcome.retries += 1 }
        do throws(HTTPFailure) {
          try client.start(request(chunks[attempt.chunk]), number: attempt.chunk)
          flying[attempt.chunk] = attempt
        } catch {
          outcome.failure = JourneyError("\(endpoint.name): \(error)")
          outcome.unsent += chunks[attempt.chunk].count
        }
      }
      guard !waiting.isEmpty || !flying.isEmpty else { break }
      for (number, result) in client.wait(milliseconds: Self.turn) {
        guard let attempt = flying.removeValue(forKey: number) else { continue }
        let journeys = chunks[number]
        switch verdict(result, journeys) {
        case .answer(let answer):
          let check = AnswerCheck(answer, of: journeys, hiding: key)
          try store(check.accepted, journeys.count)
          failuresInARow = 0
          outcome.answered += check.accepted.count
          outcome.refused += check.refused.count
          outcome.surplus += check.surplus.count
          for refusal in check.refused {
            note(
              "conversion \(ForeignText.quoted(refusal.conversionID)) is refused: \(refusal.reason)"
            )
          }
          check.surplus.forEach(note)
        case .refuse(let reason):
          outcome.refused += journeys.count
          for journey in journeys {
            note("conversion \(ForeignText.quoted(journey.conversionID)) is refused: \(reason)")
          }
          try store([], journeys.count)
        case .again(let reason, let asked):
          if let pause = pause(after: attempt.failures + 1, asked) {
            note(
              "\(endpoint.name): \(reason); trying \(journeys.count) journeys again in "
                + "\(Self.seconds(pause)) s (attempt \(attempt.failures + 2) of "
                + "\(options.backoff.attempts))")
            let due = ContinuousClock.now + .seconds(pause)
            if asked != nil { pausedUntil = max(pausedUntil, due) }
            waiting.append(
              Attempt(chunk: number, failures: attempt.failures + 1, due: due))
          } else {
            outcome.failed += journeys.count
            failuresInARow += 1
            let limit = options.backoff.longestAsked
            let why =
              asked.map { Double($0) > limit } ?? false
              ? "it asks to wait \(asked!) s, longer than \(Self.seconds(limit)) s"
              : "after \(attempt.failures + 1) attempts"
            for journey in journeys {
              note(
                "conversion \(ForeignText.quoted(journey.conversionID)) failed: \(reason), \(why)")
            }
            if failuresInARow == Self.failuresInARow {
              outcome.failure = JourneyError(
                "\(endpoint.name): \(reason), \(failuresInARow) chunks in a row; run the same command "
                  + "to go on")
            }
            try store([], journeys.count)
          }
        case .end(let failure):
          outcome.failure = outcome.failure ?? failure
          outcome.unsent += journeys.count
        }
      }
    }
    return outcome
  }

  /// The next attempt that is due: chunks in order, those that wait for another attempt first.
  ///
  /// While as many chunks as may be under way wait for another attempt, no new one is begun: an API
  /// that fails gets no more requests than one that works.
  private func next(_ waiting: inout [Attempt]) -> Attempt? {
    let now = ContinuousClock.now
    guard pausedUntil <= now else { return nil }
    // Attempts that have failed stand at the end.
    let failedCount = waiting.reversed().prefix { $0.failures > 0 }.count
    let first = failedCount >= options.parallel ? waiting.count - failedCount : 0
    guard let index = waiting.indices[first...].last(where: { waiting[$0].due <= now }) else {
      return nil
    }
    return waiting.remove(at: index)
  }

  private func request(_ journeys: [Journey]) -> HTTPRequest {
    HTTPRequest(
      url: endpoint.url,
      headers: [
        ("Content-Type", "application/json"), ("Accept", "application/json"),
        ("x-api-key", key.text),
      ], body: JourneyJSON.document(journeys))
  }

  private enum Verdict {
    case answer(APIAnswer)
    case refuse(String)
    case again(String, asked: Int64?)
    case end(JourneyError)
  }

  private func verdict(
    _ result: Result<HTTPAnswer, HTTPFailure>, _ journeys: [Journey]
  ) -> Verdict {
    let answer: HTTPAnswer
    switch result {
    case .success(let success): answer = success
    case .failure(.tooLarge(let limit)): return .refuse("\(HTTPFailure.tooLarge(limit))")
    case .failure(.passing(let reason)): return .again(reason, asked: nil)
    case .failure(.lasting(let reason)):
      return .end(JourneyError("\(endpoint.name): \(reason)"))
    }
    guard answer.status == 200 || answer.status == 206 else {
      return verdict(status: answer.status, answer)
    }
    guard let read = APIAnswer(answer.body, asked: Set(journeys.map(\.conversionID))) else {
      return .again("its answer is no JSON of this API", asked: answer.retryAfter)
    }
    // Gateways may wrap the status of what is behind them.
    if let status = read.statusCode, status >= 300 { return verdict(status: status, answer) }
    return .answer(read)
  }

  private func verdict(status: Int, _ answer: HTTPAnswer) -> Verdict {
    let words = APIAnswer.words(answer.body, hiding: key)
    switch status {
    case 429, 500...599: return .again("it answered \(status): \(words)", asked: answer.retryAfter)
    case 300..<400:
      return .end(
        JourneyError(
          "\(endpoint.name) answered \(status): redirects are not followed; pass the address itself"
        ))
    default: return .end(JourneyError("\(endpoint.name) answered \(status): \(words)"))
    }
  }

  /// Seconds until the next attempt; nil when there should be none.
  private mutating func pause(after failures: Int, _ asked: Int64?) -> Double? {
    guard failures < options.backoff.attempts,
      asked.map({ Double($0) <= options.backoff.longestAsked }) ?? true
    else { return nil }
    return options.backoff.pause(after: failures, asked: asked, random: &random)
  }

  private static func seconds(_ seconds: Double) -> String {
    "\((seconds * 10).rounded() / 10)"
  }
}
