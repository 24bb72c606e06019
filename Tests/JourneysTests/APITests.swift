import Foundation
import Testing

@testable import Journeys

/// The client over a stub of the API: limits, retries, and every wrong answer by name.
@Suite struct APITests {
  @Test func chunksKeepBothLimitsAndNoJourneyIsSplit() throws {
    let api = try StubAPI()
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.maxJourneys = 10
    run.options.maxSessions = 20
    let source = JourneyList(lengths: (0..<200).map { $0 % 2 == 0 ? 1 : 1 + $0 % 5 })
    let (summary, failure) = try run.attribute(source)
    #expect(failure == nil)
    #expect(summary.answered == 200)
    #expect(summary.isComplete)
    #expect(try run.storedCount() == 200)
    var lengths: [String: Int] = [:]
    for request in api.requests {
      #expect(request.journeys.count <= 10)
      #expect(request.sessionCount <= 20)
      #expect(request.headers["x-api-key"] == StubRun.key)
      #expect(request.path == "/v1/compute_ihc?conv_type_id=all%20markets")
      for (id, sessions) in request.journeys {
        #expect(lengths.updateValue(sessions.count, forKey: id) == nil, "\(id) was sent twice")
      }
    }
    for journey in source.journeys {
      #expect(lengths[journey.conversionID] == journey.sessions.count)
    }
  }

  @Test func requestsGoSeveralAtATimeAndNoMore() throws {
    let api = try StubAPI { request in
      Thread.sleep(forTimeInterval: 0.1)
      return StubAPI.right(request)
    }
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.maxJourneys = 1
    run.options.parallel = 3
    _ = try run.attribute(JourneyList(lengths: Array(repeating: 1, count: 9)))
    #expect(api.mostActive == 3)
  }

  @Test func aJourneyLargerThanAChunkIsNamedAndLeftOut() throws {
    let api = try StubAPI()
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.maxSessions = 5
    let (summary, failure) = try run.attribute(JourneyList(lengths: [2, 6, 5]))
    #expect(failure == nil)
    #expect(summary.tooLarge == 1)
    #expect(summary.answered == 2)
    #expect(!summary.isComplete)
    #expect(
      run.notes == [
        "conversion \"c2\" is left out: its journey has 6 sessions, more than the 5 of a chunk"
      ])
  }

  @Test(arguments: [
    (#"[{"conversion_id":"c2","message":"no such type"}]"#, "no such type"),
    (#"[{"conv_id":"c2","code":17,"error":"bad"}]"#, "code: 17; bad"),
    (#"["conversion c2: out of range"]"#, "conversion c2: out of range"),
  ])
  func whatTheAPILeavesOutIsNamedAndTheRestStored(failures: String, reason: String) throws {
    let api = try StubAPI { request in
      .answer(
        206,
        StubAPI.body(request, failures: failures) { id, shares in id == "c2" ? [] : shares })
    }
    defer { api.stop() }
    var run = try StubRun(api)
    let (summary, failure) = try run.attribute(JourneyList(lengths: [1, 2, 3]))
    #expect(failure == nil)
    #expect(summary.refused == 1)
    #expect(summary.answered == 2)
    #expect(run.notes == ["conversion \"c2\" is refused: the API left it out: \(reason)"])
    #expect(try run.storedCount() == 2)
  }

  @Test func sharesThatDoNotSumToOneAreRefusedByName() throws {
    let api = try StubAPI { request in
      .answer(
        200,
        StubAPI.body(request) { id, shares in
          switch id {
          case "c1": shares.map { ($0.0, $0.1 * 0.98) }
          // Within the tolerance.
          case "c3": shares.map { ($0.0, $0.1 * (1 + 9e-7)) }
          default: shares
          }
        })
    }
    defer { api.stop() }
    var run = try StubRun(api)
    let (summary, _) = try run.attribute(JourneyList(lengths: [2, 2, 2]))
    #expect(summary.refused == 1)
    #expect(summary.answered == 2)
    #expect(run.notes == ["conversion \"c1\" is refused: its ihc sums to 0.98, not 1"])
  }

  @Test func unknownMissingAndRepeatedIdsAreRefusedByName() throws {
    let api = try StubAPI { request in
      var body = StubAPI.body(request) { id, shares in
        switch id {
        case "c1": [("other", 0.5)] + shares.dropFirst()
        case "c2": [(shares[0].0, 1)]
        case "c3": [(shares[0].0, 0.5), (shares[0].0, 0.5)]
        case "c4": []
        default: shares
        }
      }
      body = body.replacingOccurrences(
        of: #""session_id":"c6-s2","initializer":0.5"#, with: #""session_id":"c6-s2""#)
      body = body.replacingOccurrences(
        of: #""value":["#,
        with: """
          "value":[{"conversion_id":"stranger","session_id":"s","initializer":1,"holder":1,\
          "closer":1,"ihc":1},
          """)
      return .answer(200, body)
    }
    defer { api.stop() }
    var run = try StubRun(api)
    let (summary, _) = try run.attribute(JourneyList(lengths: [2, 2, 2, 2, 2, 2]))
    #expect(summary.refused == 5)
    #expect(summary.answered == 1)
    #expect(summary.surplus == 1)
    #expect(
      run.notes == [
        "conversion \"c1\" is refused: the answer has session \"other\", which is not of its journey",
        "conversion \"c2\" is refused: the answer lacks session \"c2-s2\"",
        "conversion \"c3\" is refused: the answer has session \"c3-s1\" twice",
        "conversion \"c4\" is refused: the answer lacks it",
        "conversion \"c6\" is refused: the answer has a row without session_id, initializer, holder, "
          + "closer or ihc",
        "the answer has conversion \"stranger\", which was not asked for",
      ])
    #expect(try run.storedCount() == 1)
  }

  @Test func tooManyRequestsWaitsAsLongAsTheAPIAsks() throws {
    let api = try StubAPI { request in
      request.number == 1
        ? .answer(429, headers: ["Retry-After": "1"], #"{"message":"slow down"}"#)
        : StubAPI.right(request)
    }
    defer { api.stop() }
    var run = try StubRun(api)
    let began = ContinuousClock.now
    let (summary, failure) = try run.attribute(JourneyList(lengths: [1]))
    #expect(failure == nil)
    #expect(summary.answered == 1)
    #expect(summary.retries == 1)
    #expect(began.duration(to: .now) >= .seconds(1))
    #expect(run.notes.count == 1)
    #expect(run.notes[0].contains("it answered 429: slow down; trying 1 journeys again in 1"))
  }

  @Test func retryAfterMayBeADate() throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    let date = formatter.string(from: Date().addingTimeInterval(2.9))
    let api = try StubAPI { request in
      request.number == 1
        ? .answer(503, headers: ["Retry-After": date], "busy") : StubAPI.right(request)
    }
    defer { api.stop() }
    var run = try StubRun(api)
    let began = ContinuousClock.now
    let (summary, _) = try run.attribute(JourneyList(lengths: [1]))
    #expect(summary.answered == 1)
    #expect(began.duration(to: .now) >= .milliseconds(900))
  }

  @Test func aPauseLongerThanTheLimitEndsTheChunk() throws {
    let api = try StubAPI { _ in .answer(429, headers: ["Retry-After": "86400"], "tomorrow") }
    defer { api.stop() }
    var run = try StubRun(api)
    let (summary, failure) = try run.attribute(JourneyList(lengths: [1]))
    #expect(failure == nil)
    #expect(summary.failed == 1)
    #expect(
      run.notes == [
        "conversion \"c1\" failed: it answered 429: tomorrow, it asks to wait 86400 s, longer than "
          + "600.0 s"
      ])
  }

  @Test(arguments: ["500", "cut", "half", "hang", "html"])
  func whatFailsInPassingIsSentAgainAndThenStored(kind: String) throws {
    let api = try StubAPI { request in
      guard request.number <= 2 else { return StubAPI.right(request) }
      switch kind {
      case "500": return .answer(500, "oh")
      case "cut": return .cut
      case "half": return .cutInTheMiddle
      case "hang": return .hang(1)
      default: return .answer(200, "<html>")
      }
    }
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.limits.timeout = 300
    let (summary, failure) = try run.attribute(JourneyList(lengths: [1, 2]))
    #expect(failure == nil)
    #expect(summary.answered == 2)
    #expect(summary.retries == 2)
    #expect(try run.storedCount() == 2)
    let reason = [
      "500": "it answered 500: oh", "cut": "the connection was cut",
      "half": "the connection was cut", "hang": "no answer in time",
      "html": "its answer is no JSON of this API",
    ][kind]!
    #expect(run.notes.allSatisfy { $0.contains(reason) }, "\(run.notes)")
  }

  @Test func attemptsAreBoundedAndAnAPIThatIsDownEndsTheRun() throws {
    let api = try StubAPI { _ in .answer(503, "down") }
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.maxJourneys = 1
    run.options.parallel = 1
    let (summary, failure) = try run.attribute(JourneyList(lengths: Array(repeating: 1, count: 50)))
    #expect(api.requests.count == 9)
    #expect(summary.failed == 3)
    #expect(summary.unsent == 47)
    #expect(
      failure?.description
        == "http://127.0.0.1:\(api.port)/v1/compute_ihc: it answered 503: down, 3 chunks in a row; "
        + "run the same command to go on")
  }

  @Test func oneChunkThatAlwaysFailsDoesNotHoldUpTheOthers() throws {
    let api = try StubAPI { request in
      request.journeys["c2"] != nil ? .answer(500, "c2") : StubAPI.right(request)
    }
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.maxJourneys = 1
    let (summary, failure) = try run.attribute(JourneyList(lengths: Array(repeating: 1, count: 20)))
    #expect(failure == nil)
    #expect(summary.answered == 19)
    #expect(summary.failed == 1)
    #expect(
      run.notes.last == "conversion \"c2\" failed: it answered 500: c2, after 3 attempts")
  }

  @Test func otherRefusalsEndWithTheAnswersOwnWordsButWithoutTheKey() throws {
    let api = try StubAPI { request in
      let key = request.headers["x-api-key"]!
      return .answer(
        403, "{\"message\":\"key \(key) is not\\nallowed \(String(repeating: "x", count: 9_000))\"}"
      )
    }
    defer { api.stop() }
    var run = try StubRun(api)
    let (summary, failure) = try run.attribute(JourneyList(lengths: [1, 1]))
    #expect(summary.unsent == 2)
    let text = try #require(failure?.description)
    #expect(text.contains("answered 403: key … is not allowed xxx"))
    #expect(!text.contains(StubRun.key))
    #expect(text.utf8.count < 500)
    #expect(!run.notes.contains { $0.contains(StubRun.key) })
    #expect(api.requests.count == 1)
  }

  @Test func redirectsAreNotFollowed() throws {
    let other = try StubAPI()
    defer { other.stop() }
    let target = other.url
    let api = try StubAPI { _ in .answer(307, headers: ["Location": target], "") }
    defer { api.stop() }
    var run = try StubRun(api)
    let (_, failure) = try run.attribute(JourneyList(lengths: [1]))
    #expect(failure?.description.contains("answered 307: redirects are not followed") == true)
    #expect(other.requests.isEmpty)
  }

  @Test func anAnswerThatIsTooLargeIsRefused() throws {
    let api = try StubAPI { _ in .flood }
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.limits.answerSize = 1 << 20
    let (summary, failure) = try run.attribute(JourneyList(lengths: [1]))
    #expect(failure == nil)
    #expect(summary.refused == 1)
    #expect(run.notes == ["conversion \"c1\" is refused: the answer is larger than 1 MiB"])
    #expect(api.requests.count == 1)
  }

  @Test func aStatusInTheBodyCountsAsTheStatus() throws {
    let api = try StubAPI { _ in .answer(200, #"{"statusCode":400,"message":"no such type"}"#) }
    defer { api.stop() }
    var run = try StubRun(api)
    let (_, failure) = try run.attribute(JourneyList(lengths: [1]))
    #expect(failure?.description.hasSuffix("answered 400: no such type") == true)
  }

  @Test func certificatesAreVerified() throws {
    let folder = try TemporaryFolder()
    let server = try TLSServer(folder)
    defer { server.stop() }
    var notes: [String] = []
    func attempt(authorities: String?) throws -> JourneyError? {
      var options = AttributionOptions()
      options.limits.authorities = authorities
      options.backoff.attempts = 1
      options.limits.timeout = 3_000
      let endpoint = try APIEndpoint(
        url: "https://localhost:\(server.port)/", conversionType: "x")
      let key = try APIKey(file: nil, environment: [APIKey.variable: StubRun.key])
      var attribution = JourneyAttribution(
        JourneyList(lengths: [1]),
        SQLiteResults(try .init(folder.path("\(UUID()).sqlite"), .readWrite)),
        .api(endpoint, key), options, note: { notes.append($0) })
      return try attribution.run(JourneySelection()).failure
    }
    let refused = try #require(try attempt(authorities: nil))
    #expect(refused.description.contains("SSL") || refused.description.contains("certificate"))
    #expect(notes.isEmpty)
    // Trusted, the connection comes about; s_server has no answer to a POST.
    #expect(try attempt(authorities: folder.path("cert.pem")) == nil)
    #expect(notes.count == 1)
    #expect(notes.first?.contains("no answer in time") == true, "\(notes)")
  }

  @Test func whatWasAnsweredIsNotSentAgainUnlessItChanged() throws {
    let api = try StubAPI()
    defer { api.stop() }
    var run = try StubRun(api)
    _ = try run.attribute(JourneyList(lengths: [1, 2, 3]))
    #expect(api.requests.count == 1)
    let (again, _) = try run.attribute(JourneyList(lengths: [1, 2, 3]))
    #expect(again.answeredBefore == 3)
    #expect(api.requests.count == 1)
    // A session that came late makes another journey of c2.
    _ = try run.attribute(JourneyList(lengths: [1, 4, 3]))
    #expect(api.requests.last?.journeys == ["c2": ["c2-s1", "c2-s2", "c2-s3", "c2-s4"]])
    #expect(
      try run.database.run(
        "SELECT count(*) FROM attribution_customer_journey WHERE conv_id = 'c2'") == [[4]])
  }

  @Test func answersAreStoredWhileTheSameFileIsBeingRead() throws {
    let api = try StubAPI()
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.windowJourneys = 7
    run.options.windowSessions = 20
    var exercise = ExerciseDatabase(
      seed: 1, conversions: 60, firstDay: JourneyDay("2026-01-05")!, days: 3)
    _ = try exercise.write(to: run.database)
    let source = try JourneyDatabase(run.database)
    let (summary, failure) = try run.attribute(source)
    #expect(failure == nil)
    #expect(summary.answered == (try source.journeys().count))
    #expect(api.requests.count > 8)
    #expect(try run.storedCount() == Int64(summary.answered))
  }

  @Test func stoppingStoresWhatIsUnderWayAndSendsNoMore() throws {
    let api = try StubAPI()
    defer { api.stop() }
    var run = try StubRun(api)
    run.options.maxJourneys = 1
    run.options.parallel = 1
    let (summary, failure) = try run.attribute(
      JourneyList(lengths: Array(repeating: 1, count: 10))
    ) { api.requests.count >= 3 }
    #expect(failure != nil)
    #expect(summary.answered + summary.unsent == 10)
    #expect((3...4).contains(summary.answered))
    #expect(try run.storedCount() == Int64(summary.answered))
  }

  @Test func aDryRunCountsTheRequestsAndSendsNone() throws {
    let endpoint = try APIEndpoint(url: "http://127.0.0.1:1/", conversionType: "x")
    let key = try APIKey(file: nil, environment: [APIKey.variable: "k"])
    var options = AttributionOptions()
    options.maxJourneys = 2
    var attribution = JourneyAttribution(
      JourneyList(lengths: [1, 1, 1, 0]), nil, .api(endpoint, key), options, note: { _ in })
    let summary = try attribution.dryRun(JourneySelection())
    #expect(summary.conversions == 4)
    #expect(summary.withoutSessions == 1)
    #expect(summary.sessions == 3)
    #expect(summary.requests == 2)
  }

  @Test func keysAreInNoDescriptionAndMustFitOneHeader() throws {
    let folder = try TemporaryFolder()
    try Data("\(StubRun.key)\n".utf8).write(to: URL(fileURLWithPath: folder.path("key")))
    let key = try APIKey(file: folder.path("key"), environment: [:])
    #expect(key.text == StubRun.key)
    var dumped = ""
    dump(key, to: &dumped)
    #expect(!"\(key) \(String(reflecting: key)) \(dumped)".contains(StubRun.key))
    for text in ["", " \n", "a b", "a\r\nHost: evil", "ä"] {
      let error = #expect(throws: JourneyError.self) {
        try APIKey(file: nil, environment: [APIKey.variable: text])
      }
      #expect(error?.description.hasPrefix(APIKey.variable) == true)
    }
    #expect(throws: JourneyError.self) { try APIKey(file: nil, environment: [:]) }
  }

  @Test func addressesInErrorsHaveNeitherPasswordNorQuery() throws {
    let endpoint = try APIEndpoint(
      url: "https://user:secret@api.example.com:8443/v1?token=hidden#x", conversionType: "a&b=ü")
    #expect(endpoint.name == "https://api.example.com:8443/v1")
    #expect(
      endpoint.url
        == "https://user:secret@api.example.com:8443/v1?token=hidden&conv_type_id=a%26b%3D%C3%BC")
    #expect(!endpoint.isExposed)
    #expect(try APIEndpoint(url: "http://api.example.com/", conversionType: "x").isExposed)
    for text in ["", "api.example.com", "ftp://x/", "https://"] {
      #expect(throws: JourneyError.self) { try APIEndpoint(url: text, conversionType: "x") }
    }
  }
}

/// `openssl s_server` with a certificate of its own.
private final class TLSServer {
  let port: UInt16
  private let process = Process()

  init(_ folder: TemporaryFolder) throws {
    // A port that was free a moment ago.
    let probe = try StubAPI()
    port = probe.port
    probe.stop()
    try Self.run([
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
      "-addext", "subjectAltName=DNS:localhost", "-keyout", folder.path("key.pem"), "-out",
      folder.path("cert.pem"),
    ])
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "openssl", "s_server", "-quiet", "-www", "-accept", "127.0.0.1:\(port)", "-key",
      folder.path("key.pem"), "-cert", folder.path("cert.pem"),
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    Thread.sleep(forTimeInterval: 0.5)
  }

  func stop() {
    // Children inherit a mask that blocks SIGTERM.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  private static func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
  }
}
