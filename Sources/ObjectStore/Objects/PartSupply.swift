import Files
import Synchronization
import WebClient

/// The parts of an object, one after another: while one is read, the next ones are on their way.
///
/// One thread reads; any may ask whether bytes are there.
final class PartSupply: Sendable {
  /// Parts that are on their way at a time.
  private static let ahead = 2
  /// Bytes that are enough for the records between two looks.
  private static let shortage = 256 << 10

  private struct State {
    /// Where the next part that is asked for begins.
    var asked: Int64
    var pending: [(part: ObjectClient.Part, answer: PendingHTTPAnswer)] = []
    /// Parts that have come.
    var ready: [[UInt8]] = []
    /// Bytes of the part under way that have not been read.
    var left = 0
  }

  private let client: ObjectClient?
  private let object: ObjectName
  private let etag: String?
  private let size: Int64
  private let state: Mutex<State>

  /// Of an object whose first part is there.
  init(_ head: StoredObject.Head, _ client: ObjectClient) {
    self.client = client
    object = head.object
    etag = head.object.version == nil ? head.etag : nil
    size = head.size
    let first = head.first.isEmpty ? [] : [head.first]
    state = Mutex(State(asked: Int64(head.first.count), ready: first))
  }

  /// Of an object that is there.
  init(_ parts: [[UInt8]]) {
    client = nil
    object = ObjectName(bucket: "", key: "")
    etag = nil
    size = 0
    state = Mutex(State(asked: 0, ready: parts))
  }

  /// The next part; nil at the end.
  func next() throws -> [UInt8]? {
    try askAhead()
    if state.withLock({ $0.ready.isEmpty }), try !receive() { return nil }
    try askAhead()
    return state.withLock { state in
      let part = state.ready.removeFirst()
      state.left = part.count
      return part
    }
  }

  /// Says how many bytes of the last part have not been read.
  func note(left: Int) { state.withLock { $0.left = left } }

  /// Whether the next records may have to be waited for.
  var isShort: Bool {
    state.withLock { state in
      guard state.ready.isEmpty, state.left < Self.shortage else { return false }
      return state.pending.first.map { !$0.answer.isOver } ?? (state.asked < size)
    }
  }

  func awaitBytes() throws {
    guard isShort else { return }
    try askAhead()
    _ = try receive()
  }

  private func askAhead() throws {
    guard let client else { return }
    while state.withLock({ $0.pending.count < Self.ahead && $0.asked < size }) {
      let start = state.withLock { $0.asked }
      let end = min(size, start + StoredObject.partSize)
      let part = ObjectClient.Part(object: object, range: start..<end, etag: etag)
      let answer = try client.start(part)
      state.withLock { state in
        state.pending.append((part, answer))
        state.asked = end
      }
    }
  }

  /// Waits for the part that is on its way; false when there is none.
  private func receive() throws -> Bool {
    guard let client, let (part, pending) = state.withLock({ $0.pending.first }) else {
      return false
    }
    let answer = try client.answer(part, pending)
    guard let range = part.range, answer.body.count == range.count else {
      throw StoreRefusal("changed", "\(object) is not as long as the store said")
    }
    state.withLock { state in
      state.pending.removeFirst()
      state.ready.append(answer.body)
    }
    return true
  }
}
