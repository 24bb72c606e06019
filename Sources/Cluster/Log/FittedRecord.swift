import Kafka

/// A record on its way to dead letters or late events, made to fit what its topic takes.
///
/// It keeps what it has if that fits. If not, it loses, one after the other and no more than it must:
///
/// 1. of its value what is behind 64 KiB: no event is larger;
/// 2. the headers that it came with;
/// 3. its key;
/// 4. the rest of its value, from the end.
///
/// Header `cut` then has the length in bytes of the value that it came with. What else is added (`reason`, and where
/// it came from) always stays.
package struct FittedRecord {
  /// The largest event, in bytes.
  static let largestEvent = 64 << 10
  package static let cutHeader = "cut"

  package private(set) var key: UnsafeRawBufferPointer?
  package private(set) var value: UnsafeRawBufferPointer?
  package private(set) var headers: [Header]

  /// - Parameters:
  ///   - own: the headers that the record came with.
  ///   - added: ours, without `cut`.
  ///   - limit: `max.message.bytes` of the topic.
  package init(
    key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, own: [Header], added: [Header],
    limit: Int
  ) {
    self.key = key
    self.value = value
    headers = own + added
    guard excess(over: limit) > 0 else { return }
    let length = value?.count ?? 0
    headers.append(Header(name: FittedRecord.cutHeader, value: Array("\(length)".utf8)))
    cutValue(by: min(excess(over: limit), length - FittedRecord.largestEvent))
    if excess(over: limit) > 0 { headers.removeFirst(own.count) }
    if excess(over: limit) > 0 { self.key = nil }
    cutValue(by: excess(over: limit))
  }

  /// One that has lost everything that it came with, whatever its topic takes.
  ///
  /// - Parameter value: that it came with.
  package init(withoutContent value: UnsafeRawBufferPointer?, added: [Header]) {
    key = nil
    self.value = value.map { UnsafeRawBufferPointer(rebasing: $0[..<0]) }
    let count = "\(value?.count ?? 0)"
    headers = added + [Header(name: FittedRecord.cutHeader, value: Array(count.utf8))]
  }

  private func excess(over limit: Int) -> Int {
    RecordSize.bytes(key: key?.count ?? 0, value: value?.count ?? 0, headers: headers) - limit
  }

  private mutating func cutValue(by count: Int) {
    guard let whole = value, count > 0 else { return }
    value = UnsafeRawBufferPointer(rebasing: whole[..<max(0, whole.count - count)])
  }
}
