internal import Glibc

/// A file that is written piece by piece and is there in full or not at all: it lies beside its place
/// under another name until `finish`.
public final class AtomicFile {
  private static let bufferSize = 1 << 20

  private let path: String
  private let temporary: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isFinished = false

  public init(_ path: String) throws(FileError) {
    self.path = path
    temporary = AtomicFile.temporaryName(path)
    // What a process of this number has left when it was killed.
    unlink(temporary)
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system(path, "written") }
  }

  deinit {
    close(descriptor)
    if !isFinished { unlink(temporary) }
  }

  /// Writes a file at once.
  public static func write(_ text: String, to path: String) throws {
    let file = try AtomicFile(path)
    try file.append { $0 += text.utf8 }
    try file.finish()
  }

  /// Where something lies on its way to `path`, in the same folder.
  static func temporaryName(_ path: String) -> String { "\(path).\(getpid()).tmp" }

  /// Has `body` append what comes next.
  public func append(_ body: (inout [UInt8]) throws -> Void) throws {
    try body(&buffer)
    if buffer.count >= AtomicFile.bufferSize { try flush() }
  }

  private func flush() throws(FileError) {
    var start = 0
    while start < buffer.count {
      let count = buffer.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + start, $0.count - start)
      }
      guard count >= 0 || errno == EINTR else { throw .system(path, "written") }
      start += max(0, count)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Puts the file in its place.
  public func finish() throws(FileError) {
    try flush()
    guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
      throw .system(path, "written")
    }
    isFinished = true
  }
}
