// Safety: zlib reads and writes buffers of the caller's within one call.

import CZlib

/// The compression that every browser takes.
public enum Gzip {
  /// Little work, most of the gain.
  private static let level: Int32 = 4

  /// Bytes as a gzip stream; nil where zlib has no memory.
  public static func compress(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    // 15 bits of window and 16 for the gzip header.
    guard
      deflateInit2_(
        &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    let bound = Int(deflateBound(&stream, UInt(bytes.count)))
    return bytes.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: bound) { output, count in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(bound)
        count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
      }
    }
  }

  /// Whether the value of `Accept-Encoding` takes gzip.
  static func isAccepted(_ header: String?) -> Bool {
    guard let header else { return false }
    return header.split(separator: ",").contains { part in
      let fields = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
      guard let name = fields.first, ["gzip", "x-gzip", "*"].contains(name.lowercased()) else {
        return false
      }
      return !fields.dropFirst().contains { field in
        field.hasPrefix("q=") && (Double(field.dropFirst(2)) ?? 1) == 0
      }
    }
  }
}
