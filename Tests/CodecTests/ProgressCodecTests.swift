import Attribution
import Codec
import Testing

@Suite("Progress records")
struct ProgressCodecTests {
  private func key(_ partition: Int32) -> String {
    var output: [UInt8] = []
    ProgressCodec.encodeKey(partition: partition, into: &output)
    return String(decoding: output, as: UTF8.self)
  }

  private func value(_ finalThrough: Milliseconds) -> String {
    var output: [UInt8] = []
    ProgressCodec.encode(finalThrough: finalThrough, into: &output)
    return String(decoding: output, as: UTF8.self)
  }

  @Test("Keys hold the partition")
  func keys() {
    #expect(key(0) == "@progress|0")
    for partition: Int32 in [0, 7, 1_000, .max] {
      #expect(ProgressCodec.decodeKey(Array(key(partition).utf8)) == partition)
    }
  }

  @Test(
    "Other keys are not progress",
    arguments: [
      "", "@progress", "@progress|", "@progress|x", "@progress|-1", "@progress|2147483648",
      "%40progress|0", "campaign_5m|c-7|2026-01-05T00:05:00Z",
    ])
  func otherKeys(_ text: String) {
    #expect(ProgressCodec.decodeKey(Array(text.utf8)) == nil)
  }

  @Test("Values hold an instant in milliseconds")
  func values() throws {
    #expect(value(1_767_571_500_000) == #"{"final_through":"2026-01-05T00:05:00.000Z"}"#)
    #expect(value(1_767_571_500_250) == #"{"final_through":"2026-01-05T00:05:00.250Z"}"#)
    for time: Milliseconds in [0, -1, 1_767_571_500_000, 253_402_300_800_000] {
      #expect(try ProgressCodec.decode(Array(value(time).utf8)) == time)
    }
  }

  @Test(
    "Values without an instant are refused",
    arguments: ["", "{}", #"{"final_through":null}"#, #"{"final_through":7}"#, "[]", "null"])
  func refused(_ text: String) {
    #expect(throws: UnreadableRecord.self) { try ProgressCodec.decode(Array(text.utf8)) }
  }

  @Test("What a value holds beside the instant comes back")
  func everything() throws {
    let lost = [
      LostRange(
        topic: "a \"b\"", partition: 3, from: 5, to: 9, after: 0, before: 1_767_571_500_250),
      LostRange(topic: "clicks", partition: 0, from: 0, to: 1, after: nil, before: nil),
    ]
    let progress = PublishedProgress(
      finalThrough: 1_767_571_500_000, epoch: "00ff", lost: lost)
    var output: [UInt8] = []
    ProgressCodec.encode(progress, into: &output)
    #expect(
      String(decoding: output, as: UTF8.self) == """
        {"final_through":"2026-01-05T00:05:00.000Z","epoch":"00ff","lost":[{"topic":"a \\"b\\"",\
        "partition":3,"from":5,"to":9,"after":"1970-01-01T00:00:00.000Z",\
        "before":"2026-01-05T00:05:00.250Z"},{"topic":"clicks","partition":0,"from":0,"to":1}]}
        """)
    #expect(try output.withUnsafeBytes { try ProgressCodec.progress($0) } == progress)
    let former = value(0)
    #expect(
      try Array(former.utf8).withUnsafeBytes { try ProgressCodec.progress($0) }
        == PublishedProgress(finalThrough: 0))
  }
}
