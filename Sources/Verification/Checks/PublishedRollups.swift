import Attribution
import Codec

/// The rollups topic as its readers see it: the latest revision of every key, and how far each
/// partition says that it is final. Checks each record against the ones before it.
struct PublishedRollups {
  /// The latest record of a key.
  struct Latest {
    var sums: RollupSums
    var windowEnd: Milliseconds
    var revision: Int64
    var isFinal: Bool
    var partition: Int32
  }

  let topic: String
  private let views: [String: View]
  private let codec: RollupCodec
  private(set) var latest: [RollupKey: Latest] = [:]
  /// By partition.
  private(set) var finalThrough: [Int32: Milliseconds] = [:]
  /// Records of views that the definitions do not have; they are not judged.
  private(set) var recordsOfOtherViews = 0

  init(topic: String, definitions: Definitions) {
    self.topic = topic
    views = Dictionary(uniqueKeysWithValues: definitions.views.map { ($0.name, $0) })
    codec = RollupCodec(definitions: definitions)
  }

  /// Takes a record of the topic, in the order of its partition.
  mutating func take(_ record: LoggedRecord, into differences: inout ComparisonResult) {
    let place = record.place(in: topic)
    guard let key = record.key, let value = record.value else {
      differences.expect("absent", toBe: "present", "key and value", of: place.description)
      return
    }
    do {
      if key.first == UInt8(ascii: "@") {
        try takeProgress(record.partition, key, value, place, &differences)
      } else {
        take(try codec.decode(value), key, record.partition, place, &differences)
      }
    } catch {
      differences.expect("\(error)", toBe: "readable", "record", of: place.description)
    }
  }

  private mutating func takeProgress(
    _ partition: Int32, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
    _ place: LogPlace, _ differences: inout ComparisonResult
  ) throws {
    differences.expect(
      key.elementsEqual("@progress|\(partition)".utf8) ? "its partition's" : "another",
      toBe: "its partition's", "key of the progress record", of: place.description)
    let through = try ProgressCodec.decode(value)
    if let before = finalThrough[partition], through < before {
      differences.expect(
        Time.formatMilliseconds(through), toBe: "no earlier than before", "final_through",
        of: place.description)
    }
    finalThrough[partition] = through
  }

  private mutating func take(
    _ rollup: Rollup, _ key: UnsafeRawBufferPointer, _ partition: Int32, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    guard let view = views[rollup.key.view] else {
      recordsOfOtherViews += 1
      return
    }
    let spelled = RollupKeyText.bytes(of: rollup.key)
    if !key.elementsEqual(spelled) {
      differences.expect(
        "another", toBe: String(decoding: spelled, as: UTF8.self), "key", of: place.description)
    }
    let start = rollup.key.windowStart
    differences.expect(
      rollup.windowEnd - start, toBe: view.periodMilliseconds, "length of the window (ms)",
      of: place.description)
    differences.expect(
      start % view.periodMilliseconds, toBe: 0, "distance from an aligned window start (ms)",
      of: place.description)
    if let before = latest[rollup.key] {
      expectToFollow(before, rollup, partition, place, &differences)
    }
    latest[rollup.key] = Latest(
      sums: rollup.sums, windowEnd: rollup.windowEnd, revision: rollup.revision,
      isFinal: rollup.isFinal, partition: partition)
  }

  private func expectToFollow(
    _ before: Latest, _ rollup: Rollup, _ partition: Int32, _ place: LogPlace,
    _ differences: inout ComparisonResult
  ) {
    differences.expect(
      Int64(partition), toBe: Int64(before.partition), "partition of the key", of: place.description
    )
    if rollup.revision <= before.revision {
      differences.expect(
        "\(rollup.revision)", toBe: "more than \(before.revision)", "revision",
        of: place.description)
    }
    if before.isFinal && !rollup.isFinal {
      differences.expect("false", toBe: "still true", "final", of: place.description)
    }
  }

  /// Reports the rollups that are not final although their partition says that it is, so far.
  func reportOpenWindows(into differences: inout ComparisonResult) {
    let open = latest.filter { _, rollup in
      !rollup.isFinal && rollup.windowEnd <= finalThrough[rollup.partition] ?? .min
    }
    for key in open.keys.map({ String(decoding: RollupKeyText.bytes(of: $0), as: UTF8.self) })
      .sorted()
    {
      differences.expect(
        "false", toBe: "true, since final_through of its partition has passed its end", "final",
        of: key)
    }
  }
}
