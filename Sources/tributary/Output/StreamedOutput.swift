import Files

/// Output that is written piece by piece: to standard output, or to a file that is there in full or not
/// at all.
final class StreamedOutput {
  private static let bufferSize = 1 << 16

  private let file: AtomicFile?
  private var buffer: [UInt8] = []

  /// - Parameter path: nil for standard output.
  init(_ path: String?) throws { file = try path.map { try AtomicFile($0) } }

  func write(_ bytes: [UInt8]) throws {
    if let file { return try file.append { $0 += bytes } }
    buffer += bytes
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Writes what is left and puts the file in its place.
  func finish() throws {
    try flush()
    try file?.finish()
  }

  private func flush() throws {
    try buffer.withUnsafeBytes { try StandardOutput.write($0) }
    buffer.removeAll(keepingCapacity: true)
  }
}
