import Foundation

/// Output that is written piece by piece: to standard output, or to a file that is there in full or not
/// at all.
final class StreamedOutput {
  private static let bufferSize = 1 << 16

  private let path: String?
  private let temporary: String?
  private let file: FileHandle
  private var buffer: [UInt8] = []
  private var isFinished = false

  /// - Parameter path: nil for standard output.
  init(_ path: String?) throws {
    self.path = path
    guard let path else {
      temporary = nil
      file = .standardOutput
      return
    }
    let name = "\(path).\(getpid()).tmp"
    let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(path) }
    temporary = name
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  deinit {
    if let temporary, !isFinished { unlink(temporary) }
  }

  func write(_ bytes: [UInt8]) throws {
    buffer += bytes
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Writes what is left and puts the file in its place.
  func finish() throws {
    try flush()
    guard let path, let temporary else { return }
    do {
      try file.synchronize()
      try file.close()
    } catch { throw Self.failure(path) }
    guard rename(temporary, path) == 0 else { throw Self.failure(path) }
    isFinished = true
  }

  private func flush() throws {
    do { try file.write(contentsOf: Data(buffer)) } catch {
      throw Self.failure(path ?? "standard output")
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func failure(_ path: String) -> Failure {
    Failure("\(path) cannot be written: \(String(cString: strerror(errno)))")
  }
}
