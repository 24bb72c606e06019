// Safety: a source writes only into the buffer that it is lent for one call.

/// Bytes that come one piece after another: a file's, or the content of a compressed file.
package protocol ByteSource: AnyObject {
  /// Fills the beginning of `buffer`. Returns how many bytes there are, 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// Bytes of the file read so far, as they lie on the disk.
  var consumed: Int64 { get }
  /// Something about the file that its owner should know and that keeps no record from being read.
  var warning: String? { get }
}

extension ByteSource {
  package var warning: String? { nil }
}

/// A source whose first bytes can be looked at before they are read.
final class PeekedBytes: ByteSource {
  private let source: any ByteSource
  /// Bytes that were looked at and are still to be handed out.
  private var ahead: ArraySlice<UInt8> = []

  init(_ source: any ByteSource) { self.source = source }

  var consumed: Int64 { source.consumed }
  var warning: String? { source.warning }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !ahead.isEmpty else { return try source.read(into: buffer) }
    let count = min(ahead.count, buffer.count)
    buffer.copyBytes(from: ahead.prefix(count))
    ahead = ahead.dropFirst(count)
    return count
  }

  /// The first bytes, up to `count`, which are read again later.
  func peek(_ count: Int) throws -> ArraySlice<UInt8> {
    guard ahead.count < count else { return ahead.prefix(count) }
    var bytes = Array(ahead)
    var filled = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: count - filled))
    while filled < count {
      let more = try bytes.withUnsafeMutableBytes {
        try source.read(into: .init(rebasing: $0[filled...]))
      }
      if more == 0 { break }
      filled += more
    }
    ahead = bytes[..<filled]
    return ahead
  }

  /// Passes over bytes that were looked at.
  func skip(_ count: Int) { ahead = ahead.dropFirst(count) }
}
