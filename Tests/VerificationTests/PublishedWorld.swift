import Attribution
import Codec
import Inputs
import Verification

/// A record that a test can change before it is verified.
struct MemoryRecord {
  var partition: Int32 = 0
  var offset: Int64 = 0
  var timestamp: Milliseconds = -1
  var key: String?
  var value: String?
  var headers: [(name: String, value: [UInt8]?)] = []

  /// Lends the record to `body`.
  func lend(_ body: (LoggedRecord) -> Void) {
    withBytes(of: key) { key in
      withBytes(of: value) { value in
        body(
          LoggedRecord(
            partition: partition, offset: offset, timestamp: timestamp, key: key, value: value,
            headers: headers))
      }
    }
  }

  private func withBytes(of text: String?, _ body: (UnsafeRawBufferPointer?) -> Void) {
    guard let text else { return body(nil) }
    Array(text.utf8).withUnsafeBytes { body($0) }
  }

  /// Changes a piece of the value that must be there.
  mutating func replace(_ old: String, with new: String) {
    let parts = value!.split(separator: old, omittingEmptySubsequences: false)
    precondition(parts.count > 1, "nothing to replace in \(value!)")
    value = parts.joined(separator: new)
  }
}

/// A day's few events on all topics, with everything published as it should be.
///
/// User "secret" clicks k-1 and k-2 and buys v-1; v-2 follows nothing. Among the clicks are a
/// duplicate (offset 2), a record that cannot be used (3), and one from two days before (4).
struct PublishedWorld {
  var definitions = Definitions()
  var clicks: [MemoryRecord]
  var conversions: [MemoryRecord]
  /// Revision 1 of each bucket, then 2, which is final, then the progress record.
  var rollups: [MemoryRecord] = []
  var attributions: [MemoryRecord] = []
  var deadLetters: [MemoryRecord] = []
  var lateEvents: [MemoryRecord] = []

  /// 2026-01-05T08:00:00Z.
  static let morning: Milliseconds = 1_767_600_000_000

  init() {
    definitions.models = [.linear]
    definitions.views = [
      View(name: "campaign", dimensions: [.campaignID], periodMilliseconds: 300_000)
    ]
    func click(_ id: String, _ campaign: String, at time: Milliseconds) -> String {
      #"{"event_id":"\#(id)","user_id":"secret","event_time":\#(Self.morning + time),"#
        + #""campaign_id":"\#(campaign)","cost":"0.5"}"#
    }
    let texts = [
      click("k-1", "c 1", at: 0), click("k-2", "c-2", at: 120_000), click("k-1", "c 1", at: 0),
      "{", click("k-0", "c-2", at: -2 * 86_400_000),
    ]
    clicks = texts.enumerated().map {
      MemoryRecord(offset: Int64($0), key: "secret", value: $1)
    }
    let times = [Self.morning + 180_000, Self.morning + 14_400_000]
    conversions = zip([("v-1", "59.9"), ("v-2", "3")], times).enumerated().map { index, pair in
      let ((id, value), time) = pair
      return MemoryRecord(
        offset: Int64(index), key: "secret",
        value: #"{"event_id":"\#(id)","user_id":"secret","event_time":\#(time),"value":\#(value)}"#)
    }
    deadLetters = [clicks[3].setAside("malformed_json", from: "clicks")]
    lateEvents = [clicks[4].setAside("too_late", from: "clicks")]
    publishRollups()
    publishAttributions(times)
  }

  private mutating func publishRollups() {
    // Both clicks, v-1 and v-2, counted by hand.
    let buckets: [(String, Milliseconds, Int64, Int64, Int64)] = [
      ("c 1", 0, 1, 500_000, 29_950_000), ("c-2", 0, 1, 500_000, 29_950_000),
      (unattributedName, 14_400_000, 0, 1_000_000, 3_000_000),
    ]
    for isFinal in [false, true] {
      for (campaign, time, clicks, credit, revenue) in buckets {
        var sums = RollupSums(modelCount: 1)
        sums.clicks = clicks
        sums.users = clicks
        sums.spend = MicrosSum(clicks) * 500_000
        sums.credits = [credit]
        sums.revenues = [MicrosSum(revenue)]
        let start = Self.morning + time
        let rollup = Rollup(
          key: RollupKey(view: "campaign", dimensions: [campaign], windowStart: start),
          windowEnd: start + 300_000, sums: sums, isFinal: isFinal, revision: isFinal ? 2 : 1)
        var key: [UInt8] = []
        var value: [UInt8] = []
        RollupKeyCodec.encode(rollup.key, into: &key)
        RollupCodec(definitions: definitions).encode(rollup, into: &value)
        rollups.append(
          MemoryRecord(
            offset: Int64(rollups.count), key: String(decoding: key, as: UTF8.self),
            value: String(decoding: value, as: UTF8.self)))
      }
    }
    rollups.append(
      MemoryRecord(
        offset: Int64(rollups.count), key: "@progress|0",
        value: #"{"final_through":"2026-01-05T13:00:00.000Z"}"#))
  }

  private mutating func publishAttributions(_ times: [Milliseconds]) {
    func touch(_ id: String, _ campaign: String, at time: Milliseconds) -> String {
      #"{"event_id":"\#(id)","kind":"click","event_time":""#
        + Time.formatMilliseconds(Self.morning + time)
        + #"","campaign_id":"\#(campaign)","channel":"","ad_id":""}"#
    }
    let bought = [
      touch("k-1", "c 1", at: 0) + "," + touch("k-2", "c-2", at: 120_000),
      #"["0.500000","0.500000"]"#, #"["29.950000","29.950000"]"#,
    ]
    let records = [("v-1", "59.900000", bought), ("v-2", "3.000000", ["", "[]", "[]"])]
    attributions = zip(records, times).enumerated().map { index, pair in
      let ((id, value, parts), time) = pair
      return MemoryRecord(
        offset: Int64(index), key: id,
        value: #"{"conversion_id":"\#(id)","user_id":"secret","event_time":""#
          + Time.formatMilliseconds(time)
          + #"","value":"\#(value)","currency":"EUR","touches":[\#(parts[0])],"#
          + #""credit":{"linear":\#(parts[1])},"revenue":{"linear":\#(parts[2])},"revision":1}"#)
    }
  }

  /// What a verification of all this reports.
  func verified(limit: Int = 20) -> VerificationReport {
    var verification = VerificationPass(
      definitions: definitions,
      inputs: [
        .init(InputPlan(topic: "clicks", kind: .click)),
        .init(InputPlan(topic: "conversions", kind: .conversion)),
      ],
      outputs: .init(
        rollups: "rollups", attributions: "attributions", deadLetters: "dead-letters",
        lateEvents: "late-events"),
      limit: limit)
    for record in deadLetters { record.lend { verification.take(deadLetter: $0) } }
    for record in lateEvents { record.lend { verification.take(lateEvent: $0) } }
    for record in rollups { record.lend { verification.take(rollup: $0) } }
    for record in attributions { record.lend { verification.take(attribution: $0) } }
    // Our own form needs no schema that could be missing.
    for record in clicks { record.lend { try! verification.take($0, ofInput: 0) } }
    for record in conversions { record.lend { try! verification.take($0, ofInput: 1) } }
    return verification.finish()
  }
}

extension MemoryRecord {
  /// The record as a set-aside topic holds it.
  func setAside(_ reason: String, from topic: String) -> MemoryRecord {
    var copy = self
    let headers = [
      ("reason", reason), ("source_topic", topic), ("source_partition", "\(partition)"),
      ("source_offset", "\(offset)"),
    ]
    copy.headers += headers.map { (name: $0.0, value: Array($0.1.utf8)) }
    copy.offset = 0
    return copy
  }
}
