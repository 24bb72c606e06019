import Attribution
import Cluster
import Kafka
import TestKit
import Testing
import Verification

@testable import Pipeline

/// The records of the internal topics: read back as written, refused when unknown or damaged.
private let key = IdentityKey(.test)

@Suite struct ChangelogTests {
  @Test func entriesAreReadBackAsTheyWereWritten() throws {
    var chunk = ChangelogChunk()
    let events = [
      OracleEvent(
        kind: .click, time: 7, eventID: "k-1", userID: "u", campaignID: "c", channel: "email",
        adID: "a", sessionID: "s"),
      OracleEvent(
        kind: .impression, time: -7, eventID: "i-1", userID: "u", campaignID: "c",
        channel: "email", adID: "a"),
      OracleEvent(kind: .conversion, time: 9, amount: .max, eventID: "v-1", userID: "u"),
      OracleEvent(kind: .cost, time: 8, eventID: "x-1", campaignID: "c"),
    ]
    let session = events[0].lend { SessionHash($0.sessionID, key) }
    for event in events { event.lend { chunk.append($0) } }
    var read: [OracleEvent] = []
    var users: [UInt64] = []
    var sessions: [SessionHash?] = []
    var reader = try ChangelogReader(chunk.bytes, key)
    while let entry = try reader.next() {
      read.append(OracleEvent(entry.event))
      users.append(entry.identity.user.high)
      sessions.append(entry.session)
    }
    #expect(read.map(\.eventID) == ["k-1", "i-1", "v-1", "x-1"])
    #expect(read.map(\.time) == [7, -7, 9, 8])
    #expect(read[1].campaignID == "c" && read[1].channel == "email" && read[1].adID == "a")
    #expect(sessions == [session, nil, nil, nil])
    #expect(read[2].amount == .max && read[2].userID == "u")
    #expect(users[0] == users[1] && users[1] == users[2])
  }

  @Test func configuredFieldsAreReadBackAndTellUsersApart() throws {
    var definitions = Definitions()
    definitions.dimensions = ["country"]
    definitions.conversionDimensions = ["goal"]
    definitions.matchOn = ["account_id"]
    func click(_ id: String, _ account: String) -> OracleEvent {
      OracleEvent(
        kind: .click, time: 7, eventID: id, userID: "u", campaignID: "c", dimensions: ["DE"],
        matchOn: [account])
    }
    func conversion(_ id: String, _ account: String) -> OracleEvent {
      OracleEvent(
        kind: .conversion, time: 8, eventID: id, userID: "u", conversionDimensions: ["buy"],
        matchOn: [account])
    }
    var chunk = ChangelogChunk()
    for (event, tuple) in [
      (click("k-1", "a"), 7), (conversion("v-1", "a"), 9), (conversion("v-2", "a"), 9),
      (click("k-2", "b"), 8), (conversion("v-3", "b"), 4),
    ] as [(OracleEvent, UInt32)] {
      event.lend { chunk.append($0, tuple: tuple) }
    }
    var reader = try ChangelogReader(chunk.bytes, key, definitions)
    var names: [[String]] = []
    var users: [Hash128] = []
    while let entry = try reader.next() {
      users.append(entry.identity.user)
      names.append(
        reader.withNames(ofTuple: try #require(entry.tuple)) { $0.map(\.string) })
    }
    #expect(
      names == [
        ["c", "", "", "DE", "a"], ["a", "buy"], ["a", "buy"], ["c", "", "", "DE", "b"],
        ["b", "buy"],
      ])
    let high = users.map(\.high)
    #expect(high[0] == high[1] && high[1] == high[2] && high[3] == high[4] && high[0] != high[3])
    for length in 2..<chunk.bytes.count {
      let part = UnsafeRawBufferPointer(rebasing: chunk.bytes[..<length])
      // Cut between two entries it is a shorter record.
      var count = 0
      do {
        var reader = try ChangelogReader(part, key, definitions)
        while try reader.next() != nil { count += 1 }
      } catch is OperatorError {}
      #expect(count < 5)
    }
  }

  @Test func versionsAreReadBackAsTheyWereWritten() throws {
    var chunk = ChangelogChunk()
    let events = [
      OracleEvent(
        kind: .click, time: 7, amount: 350_000, eventID: "k", userID: "u", campaignID: "c",
        version: 3),
      OracleEvent(
        kind: .click, time: 8, amount: 350_000, eventID: "l", userID: "u", campaignID: "c",
        version: .max, isDeleted: true),
      OracleEvent(kind: .conversion, time: 9, amount: 5, eventID: "v", userID: "u", version: 1),
      OracleEvent(kind: .conversion, time: 9, eventID: "w", userID: "u", isDeleted: true),
      OracleEvent(kind: .cost, time: 8, amount: 6, eventID: "x", campaignID: "d", version: 2),
      OracleEvent(kind: .impression, time: 1, amount: .max, eventID: "i", campaignID: "c"),
    ]
    for (index, event) in events.enumerated() {
      event.lend {
        chunk.append(
          $0, tuple: event.kind == .cost ? 8 : 7, replaces: index < 3 ? 0 : nil, revision: 4)
      }
    }
    var read: [ChangelogEntry] = []
    var copies: [OracleEvent] = []
    var reader = try ChangelogReader(chunk.bytes, key)
    while let entry = try reader.next() {
      read.append(entry)
      copies.append(OracleEvent(entry.event))
    }
    #expect(copies.map(\.eventID) == events.map(\.eventID))
    #expect(copies.map(\.version) == [3, .max, 1, 0, 2, 0])
    #expect(copies.map(\.isDeleted) == [false, true, false, true, false, false])
    #expect(copies.map(\.amount) == [350_000, 0, 5, 0, 6, .max])
    #expect(copies.map(\.campaignID) == ["c", "", "", "", "d", "c"])
    #expect(read.map(\.isReplacement) == [true, true, true, false, false, false])
    #expect(read.map(\.revision) == [1, 1, 4, 4, 1, 1])
    // A version that restores nothing else takes two bytes more than none.
    var plain = ChangelogChunk()
    var version = ChangelogChunk()
    let click = OracleEvent(kind: .click, time: 7, eventID: "k", userID: "u", campaignID: "c")
    var restated = click
    restated.version = 1
    click.lend { plain.append($0) }
    restated.lend { version.append($0) }
    #expect(version.bytes.count == plain.bytes.count + 2)
  }

  @Test(arguments: [UInt8(1), 2, 99]) func anUnknownVersionStopsWithOneClearLine(version: UInt8) {
    let error = #expect(throws: OperatorError.self) {
      try [version, 1, 2, 3].withUnsafeBytes { _ = try ChangelogReader($0, key) }
    }
    #expect(error?.description.contains("format version \(version)") == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func aDamagedRecordIsRefusedWhereverItIsCut() throws {
    var chunk = ChangelogChunk()
    OracleEvent(kind: .click, time: 7, eventID: "k-1", userID: "u", campaignID: "c")
      .lend { chunk.append($0) }
    for length in 2..<chunk.bytes.count {
      #expect(throws: OperatorError.self) {
        var reader = try ChangelogReader(
          UnsafeRawBufferPointer(rebasing: chunk.bytes[..<length]), key)
        while try reader.next() != nil {}
      }
    }
  }
}

extension ChangelogChunk {
  /// Remembers an event as a task would; all touches are of one tuple.
  fileprivate mutating func append(
    _ event: borrowing Event, tuple: UInt32 = 7, replaces: Int32? = nil, revision: Int32 = 1
  ) {
    let identity = EventIdentity(event, key)
    var accepted = AcceptedEvent(
      bucket: StateBucket(number: 0), tuple: tuple,
      session: event.sessionID.isEmpty ? nil : SessionHash(event.sessionID, key))
    accepted.replaces = replaces
    accepted.revision = revision
    withUnsafePointer(to: event) { append($0, identity, accepted) }
  }
}
