import Attribution
import Codec
import Kafka

/// When the events of a transaction were accepted: what latency is measured from.
///
/// Travels from the first stage to the second in a header of a task's status. Times are wall clock
/// and belong to a batch of events, not to each; the list stays short however many there are.
struct AcceptanceTimes: Equatable {
  /// So many events accepted at or after a time.
  struct Entry: Equatable {
    var time: Milliseconds
    var count: Int
  }

  static let headerName = "accepted"
  /// Batches this close together, in milliseconds, are one.
  private static let resolution: Milliseconds = 20
  private static let limit = 64

  private(set) var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  /// Notes events accepted now. When the list is full they count as accepted with the last batch, which
  /// says longer than it was, never shorter.
  mutating func note(_ count: Int, at time: Milliseconds) {
    guard count > 0 else { return }
    if let last = entries.last,
      time - last.time < Self.resolution || entries.count == Self.limit
    {
      entries[entries.count - 1].count += count
    } else {
      entries.append(Entry(time: time, count: count))
    }
  }

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func append(_ other: AcceptanceTimes) { entries += other.entries }

  /// Enters how long ago each event was accepted.
  func observe(now: Milliseconds, in histogram: inout Histogram) {
    for entry in entries {
      histogram.observe(Double(max(0, now - entry.time)) / 1_000, times: entry.count)
    }
  }

  // MARK: Wire

  var header: Header {
    var bytes: [UInt8] = []
    var before: Milliseconds = 0
    for entry in entries {
      bytes.append(signed: entry.time - before)
      bytes.append(varint: UInt64(entry.count))
      before = entry.time
    }
    return Header(name: Self.headerName, value: bytes)
  }

  /// Empty where no header tells; a measurement is not worth an error.
  init(_ headers: [Header] = []) {
    guard let value = headers.first(where: { $0.name == Self.headerName })?.value else { return }
    self = value.withUnsafeBytes { AcceptanceTimes($0) }
  }

  init(_ bytes: UnsafeRawBufferPointer) {
    var reader = ByteReader(bytes)
    var time: Milliseconds = 0
    while !reader.isAtEnd, entries.count < Self.limit {
      time &+= reader.signed()
      let count = reader.varint()
      guard !reader.isCut, count < 1 << 32 else { return }
      entries.append(Entry(time: time, count: Int(count)))
    }
  }
}
