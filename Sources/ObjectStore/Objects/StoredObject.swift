import Cluster
import Files
import Foundation
import Synchronization
import WebClient

/// An object of a store, read in parts, in bounded memory.
///
/// All parts are of one content: the version's, or that with the entity tag of the first part.
final class StoredObject: FileContent {
  /// Bytes that are asked for at once.
  static let partSize: Int64 = 4 << 20
  /// An object of at most so many bytes is read once and kept; a larger one is read for each pass over it.
  private static let keptSize: Int64 = 8 << 20

  /// What the first part says of the object.
  struct Head: Sendable {
    var object: ObjectName
    var etag: String?
    var size: Int64
    var first: [UInt8]
  }

  private struct State {
    var head: Head?
    /// All of an object that is kept.
    var parts: [[UInt8]]?
    var supply: PartSupply?
    var copy: String?
  }

  let object: ObjectName
  private let etag: String?
  private let client: ObjectClient
  private let state = Mutex(State())

  /// - Parameter etag: that the content is said to have; nil if nobody knows.
  init(_ object: ObjectName, etag: String?, _ client: ObjectClient) {
    self.object = object
    self.etag = etag
    self.client = client
  }

  deinit {
    if let copy = state.withLock({ $0.copy }) { unlink(copy) }
  }

  // MARK: Identity

  /// Always the same: every request says which content it wants.
  var stamp: String? { "\(object)" }

  var size: Int64 { state.withLock { $0.head?.size ?? 0 } }

  var likelyIdentity: String? {
    object.version.map { identity(version: $0) } ?? etag.map { identity(etag: $0) }
  }

  func identity() throws -> String {
    let head = try head()
    if let version = head.object.version { return identity(version: version) }
    guard let etag = head.etag else {
      throw StoreRefusal(
        "refused",
        "\(object): the store says neither its version nor its ETag, so it cannot be known again")
    }
    return identity(etag: etag)
  }

  private func identity(version: String) -> String {
    "s3://\(object.bucket)/\(object.key)|version=\(version)"
  }

  private func identity(etag: String) -> String {
    "s3://\(object.bucket)/\(object.key)|etag=\(etag)"
  }

  // MARK: Bytes

  func open() throws -> any ByteSource {
    let head = try head()
    let supply: PartSupply
    if head.size <= Self.keptSize {
      supply = PartSupply(try kept(head))
    } else {
      supply = PartSupply(head, client)
    }
    state.withLock { $0.supply = supply }
    return ObjectBytes(supply)
  }

  var isShort: Bool { state.withLock { $0.supply }?.isShort ?? false }

  func awaitBytes() throws { try state.withLock { $0.supply }?.awaitBytes() }

  private func kept(_ head: Head) throws -> [[UInt8]] {
    if let parts = state.withLock({ $0.parts }) { return parts }
    let supply = PartSupply(head, client)
    var parts: [[UInt8]] = []
    while let part = try supply.next() { parts.append(part) }
    state.withLock { $0.parts = parts }
    return parts
  }

  /// Reads the first part, once.
  private func head() throws -> Head {
    if let head = state.withLock({ $0.head }) { return head }
    var part = ObjectClient.Part(object: object, range: 0..<Self.partSize)
    var answer = try client.answer(part, client.start(part))
    if answer.status == 416 {
      // An empty object has no byte 0.
      part.range = nil
      answer = try client.answer(part, client.start(part))
    }
    let head = try Self.head(of: object, answer)
    state.withLock { $0.head = head }
    return head
  }

  private static func head(of object: ObjectName, _ answer: HTTPAnswer) throws -> Head {
    let isEncrypted = ["x-amz-meta-x-amz-key", "x-amz-meta-x-amz-key-v2", "x-amz-meta-x-amz-iv"]
      .contains { answer.headers[$0] != nil }
    guard !isEncrypted else {
      throw StoreRefusal(
        "encrypted", "\(object) was encrypted by the client that wrote it; store it without that")
    }
    var named = object
    if let version = answer.headers["x-amz-version-id"], version != "null" {
      named.version = version
    }
    var size = Int64(answer.body.count)
    if answer.status == 206 {
      guard let text = answer.headers["content-range"]?.split(separator: "/").last,
        let total = Int64(text), total >= size
      else { throw StoreRefusal("refused", "\(object): the store does not say how large it is") }
      size = total
    }
    return Head(
      object: named, etag: answer.headers["etag"].map(ObjectListing.unquoted), size: size,
      first: answer.body)
  }

  // MARK: A copy for SQLite

  func localPath() throws -> String {
    if let copy = state.withLock({ $0.copy }) { return copy }
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("tributary-\(UUID()).sqlite").path
    let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError.system(path, "written") }
    state.withLock { $0.copy = path }
    defer { close(descriptor) }
    let supply = PartSupply(try head(), client)
    while let part = try supply.next() {
      var rest = part[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        // Without room for the copy nothing can be said about the object.
        guard count > 0 || errno == EINTR else {
          throw OperatorError(
            "\(path), a copy of \(object), cannot be written: \(String(cString: strerror(errno))); TMPDIR names "
              + "another place")
        }
        rest = rest.dropFirst(max(0, count))
      }
    }
    return path
  }
}
