import Attribution
import Codec
import Dashboard
import Foundation
import Logging
import Reporting
import SQLite
import Testing

@testable import Readers
@testable import Service

/// One server with everything in memory and one with a history on disk, asked the same questions.
@Suite("History on disk", .serialized)
struct HistoryTests {
  private static let day: Milliseconds = 86_400_000
  private static let now = RandomTopic.start + 30 * day
  private let topic = RandomTopic(seed: 11, days: 30, rollupsPerDay: 400)

  private func memory(_ count: Int? = nil) -> LiveBoard {
    let live = LiveBoard(historyDefinitions, partitionCount: 3)
    live.apply(topic.records.prefix(count ?? topic.records.count).map(\.record))
    return live
  }

  /// Questions of every kind about every age: days, hours, windows, ranges that begin and end anywhere.
  private static let questions: [String] = {
    var random = SplitMix(state: 5)
    var questions = ["/api/status", "/api/summary", "/api/rollups", "/api/summary?last=86400"]
    let forms = [
      "fine": [
        "by=none", "by=campaign_id", "by=campaign_id&where=campaign_id=campaign_id%20%C3%A9-3",
        "filter=-4",
      ],
      "hourly": [
        "by=none", "by=channel", "by=campaign_id,channel", "where=channel=channel%20%C3%A9-1",
      ],
      "daily": ["by=none", "by=channel"],
    ]
    for (view, forms) in forms.sorted(by: { $0.key < $1.key }) {
      let period = historyDefinitions.views.first { $0.name == view }!.periodMilliseconds
      for form in forms {
        for _ in 0..<12 {
          let first = Milliseconds(random.next() % 29) * day
          let from = RandomTopic.start + first + Milliseconds(random.next() % 48) * period
          let to = from + Milliseconds(random.next() % 900 + 1) * period
          let unit = ["all", "day", "hour", "window"][Int(random.next() % 4)]
          let zone = ["UTC", "Europe/Berlin", "Asia/Kolkata"][Int(random.next() % 3)]
          let sort = ["revenue", "clicks", "spend"][Int(random.next() % 3)]
          questions.append(
            "view=\(view)&from=\(Time.formatSeconds(from))&to=\(Time.formatSeconds(to))&unit=\(unit)"
              + "&timezone=\(zone)&sort=\(sort)&limit=\(random.next() % 300 + 1)&\(form)")
        }
        questions.append("view=\(view)&from=2026-01-03&to=2026-01-20&unit=day&\(form)")
        questions.append("view=\(view)&unit=day&\(form)")
      }
    }
    return questions.flatMap { query in
      query.hasPrefix("/") ? [query] : ["/api/rollups?\(query)", "/api/summary?\(query)"]
    }
  }()

  private func answers(_ live: LiveBoard) throws -> [String] {
    let dashboard = DashboardResponder(
      live, conversions: nil, health: NoHealth(), metrics: Metrics(), now: { Self.now })
    return try Self.questions.map { question in
      let request = try #require(HTTPRequest(target: question, headers: [:]))
      let response = dashboard.respond(to: request)
      guard case .bytes(let bytes) = response.body else { return "no bytes" }
      return "\(response.status.code) \(String(decoding: bytes, as: UTF8.self))"
    }
  }

  private func expectSame(
    _ live: LiveBoard, as memory: LiveBoard, _ place: SourceLocation = #_sourceLocation
  ) throws {
    let (found, wanted) = (try answers(live), try answers(memory))
    var differences = 0
    for (index, question) in Self.questions.enumerated() where found[index] != wanted[index] {
      differences += 1
      if differences < 4 {
        Issue.record("\(question)\n\(found[index])\n\(wanted[index])", sourceLocation: place)
      }
    }
    #expect(differences == 0, sourceLocation: place)
    let isAnswered = wanted.count { $0.hasPrefix("200") }
    #expect(isAnswered > wanted.count / 2, "most questions are ones that can be answered")
  }

  @Test("Answers are the same, byte for byte, as if everything were in memory")
  func agreement() throws {
    let fixture = try HistoryFixture()
    try fixture.take(topic.records)
    fixture.keeper.commit()
    let board = fixture.live.picture.board
    #expect(board.count == memory().picture.board.count)
    #expect(board.heldCount < board.count / 3, "most lie on disk")
    try expectSame(fixture.live, as: memory())
  }

  @Test("Answers are the same after restarts and crashes, with more or less in memory")
  func restarts() throws {
    let fixture = try HistoryFixture()
    var count = 0
    for (round, since) in [1, 5, 2, 40, 1, 3].enumerated() {
      count += topic.records.count / 6
      try fixture.take(Array(topic.records[..<count]))
      fixture.close(isCrash: round.isMultiple(of: 2))
      try fixture.open(since: Milliseconds(since) * Self.day)
      try fixture.take(Array(topic.records[..<count]))
      try expectSame(fixture.live, as: memory(count))
      fixture.keeper.commit()
      try expectSame(fixture.live, as: memory(count))
    }
  }

  @Test("A second start reads nothing that was committed, and is where the first was")
  func secondStart() throws {
    let fixture = try HistoryFixture()
    try fixture.take(topic.records)
    fixture.close()
    try fixture.open()
    let next = Dictionary(topic.records.map { ($0.partition, $0.offset + 1) }) { max($0, $1) }
    #expect(fixture.positions.mapValues(\.offset) == next)
    let board = fixture.live.picture.board
    #expect(board.heldCount < board.count / 3)
    try expectSame(fixture.live, as: memory())
  }

  @Test("Questions that run while the history is written see one moment")
  func concurrentReaders() async throws {
    let fixture = try HistoryFixture(heldRollups: 50)
    try fixture.take(Array(topic.records.prefix(6_000)))
    fixture.keeper.commit()
    let live = fixture.live
    let dashboard = DashboardResponder(
      live, conversions: nil, health: NoHealth(), metrics: Metrics(), now: { Self.now })
    let isOver = Flag()
    let readers = (0..<2).map { _ in
      Task.detached { () -> (answered: Int, failed: Int) in
        var (answered, failed) = (0, 0)
        while !isOver.isSet || answered + failed == 0 {
          let request = HTTPRequest(target: "/api/summary?view=fine", headers: [:])!
          let response = dashboard.respond(to: request)
          if response.status == .ok { answered += 1 } else { failed += 1 }
        }
        return (answered, failed)
      }
    }
    try fixture.take(Array(topic.records.dropFirst(6_000)))
    isOver.set()
    for reader in readers {
      let result = await reader.value
      #expect(result.answered > 0)
      #expect(result.failed == 0)
    }
    try expectSame(live, as: memory())
  }

  @Test("A store of another topic, of other definitions or of another version is refused")
  func identity() throws {
    let fixture = try HistoryFixture()
    try fixture.take(topic.records)
    fixture.close()
    #expect(throws: HistoryMismatch.self) { try fixture.open(identity: "other") }
    let database = try SQLiteDatabase(fixture.path, .existing)
    try database.execute("PRAGMA user_version = 99")
    database.close()
    #expect(throws: HistoryMismatch.self) { try fixture.open() }
  }

  @Test("Another process that uses the history is noticed")
  func lock() throws {
    let fixture = try HistoryFixture()
    #expect(throws: HistoryLock.Taken.self) { try HistoryLock(fixture.path + ".lock") }
    fixture.close()
    _ = try HistoryLock(fixture.path + ".lock")
  }

  @Test("A file that is no database, or is cut, is found at the start")
  func tornFile() throws {
    let fixture = try HistoryFixture()
    try fixture.take(topic.records)
    fixture.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
    for torn in [
      Data("this is no database".utf8), whole.prefix(whole.count / 2), whole.prefix(5_000),
    ] {
      try HistoryStore.remove(fixture.path)
      try torn.write(to: URL(fileURLWithPath: fixture.path))
      #expect(throws: (any Error).self) { try fixture.open() }
    }
  }

  @Test(
    "A row that is damaged or missing fails the question and is told, and never answers wrongly")
  func damagedRows() throws {
    for damage in [
      "UPDATE windows SET data = zeroblob(length(data))",
      "UPDATE windows SET data = (SELECT data FROM windows WHERE id < 4398046511104 LIMIT 1)",
      "DELETE FROM windows",
    ] {
      let fixture = try HistoryFixture()
      try fixture.take(topic.records)
      fixture.keeper.commit()
      let database = try SQLiteDatabase(fixture.path, .existing)
      try database.execute(damage)
      database.close()
      #expect(fixture.store.readers.damage == nil)
      let found = try answers(fixture.live)
      let wanted = try answers(memory())
      let isHonest = zip(found, wanted).allSatisfy { $0 == $1 || $0.hasPrefix("503 ") }
      #expect(isHonest)
      #expect(found != wanted)
      #expect(throws: ArchiveFailure.self) { try fixture.keeper.check() }
    }
  }

  @Test("A commit that meets damaged rows tells it, and writes nothing")
  func damageWhileWriting() throws {
    let fixture = try HistoryFixture()
    try fixture.take(Array(topic.records.prefix(6_000)))
    fixture.keeper.commit()
    let database = try SQLiteDatabase(fixture.path, .existing)
    // Sums by hour, of which the sum of a day is made.
    try database.execute(
      "UPDATE windows SET data = zeroblob(length(data)) WHERE id >> 40 & 3 = 1")
    database.close()
    #expect(throws: ArchiveFailure.self) {
      try fixture.take(Array(topic.records.dropFirst(6_000)))
      fixture.keeper.commit()
      try fixture.keeper.check()
    }
    #expect(!fixture.keeper.isFailing)
  }

  @Test("A history that is deleted under a server is told")
  func deleted() throws {
    let fixture = try HistoryFixture()
    try fixture.take(topic.records)
    fixture.keeper.commit()
    try HistoryStore.remove(fixture.path)
    #expect(try answers(fixture.live).contains { $0.hasPrefix("503 ") })
    #expect(throws: ArchiveFailure.self) { try fixture.keeper.check() }
  }

  @Test(
    "On a full disk what the history lacks stays in memory, answers are right, and it goes on when there is room"
  )
  func fullDisk() throws {
    let fixture = try HistoryFixture()
    try fixture.take(Array(topic.records.prefix(4_000)))
    fixture.keeper.commit()
    try fixture.store.limit(pages: 1)
    try fixture.take(Array(topic.records.dropFirst(4_000)))
    fixture.keeper.commit()
    #expect(fixture.keeper.isFailing)
    try expectSame(fixture.live, as: memory())
    try fixture.store.limit(pages: 1 << 30)
    fixture.keeper.commit()
    #expect(!fixture.keeper.isFailing)
    try expectSame(fixture.live, as: memory())
    fixture.close()
    try fixture.open()
    try expectSame(fixture.live, as: memory())
  }

  @Test(
    "The folder is the service's, the user's or the system's, and one that cannot be used is named")
  func folders() throws {
    #expect(
      HistoryFolder.candidates(["STATE_DIRECTORY": "/s:/t", "HOME": "/h"])
        == ["/s", "/h/.local/state/tributary", "/var/lib/tributary"])
    #expect(
      HistoryFolder.candidates(["XDG_STATE_HOME": "/x", "HOME": "/h"])
        == ["/x/tributary", "/var/lib/tributary"])
    #expect(HistoryFolder.candidates(["STATE_DIRECTORY": ""]) == ["/var/lib/tributary"])
    #expect(throws: (any Error).self) { try HistoryFolder.prepare("/dev/null/history") }
  }
}

private struct NoHealth: HealthSource {
  var health: Health { Health(obstacles: [], partitions: []) }
  func refresh(_ metrics: Metrics) {}
}

private final class Flag: @unchecked Sendable {
  private let lock = NSLock()
  private var value = false
  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
}
