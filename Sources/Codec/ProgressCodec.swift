// Safety: keys and values are read from buffers that the caller lends for one call.

import Attribution

/// The records that say how far a partition's windows are final: key `@progress|<partition>`, value
/// `{"final_through":"…"}`.
///
/// No rollup's key starts with `@`, because that character is percent-encoded in names.
public enum ProgressCodec {
  private static let keyPrefix = "@progress|"

  /// Appends the key of a partition's progress record.
  public static func encodeKey(partition: Int32, into output: inout [UInt8]) {
    output.append(contentsOf: keyPrefix.utf8)
    output.appendDecimal(Int64(partition))
  }

  /// The partition whose progress record has this key; nil when it is the key of something else.
  public static func decodeKey(_ key: UnsafeRawBufferPointer) -> Int32? {
    guard key.starts(with: keyPrefix.utf8) else { return nil }
    let digits = UnsafeRawBufferPointer(rebasing: key[keyPrefix.utf8.count...])
    guard let partition = Int64(decimal: BorrowedBytes(digits)), partition >= 0 else { return nil }
    return Int32(exactly: partition)
  }

  /// As the other `decodeKey`, for bytes in an array.
  public static func decodeKey(_ key: [UInt8]) -> Int32? { key.withUnsafeBytes(decodeKey) }

  /// Appends a progress record's value.
  ///
  /// - Parameter finalThrough: every window with an end at or before this is final.
  public static func encode(finalThrough: Milliseconds, into output: inout [UInt8]) {
    output.append(#"{"final_through":"#)
    output.appendJSONMilliseconds(finalThrough)
    output.append(ASCII.closeBrace)
  }

  /// The `final_through` of a progress record's value; throws `UnreadableRecord`.
  public static func decode(_ value: UnsafeRawBufferPointer) throws -> Milliseconds {
    var finalThrough: Milliseconds?
    try JSONReader.read(value) { reader in
      try reader.object { reader, name in
        if name == "final_through" {
          finalThrough = try reader.time()
        } else {
          try reader.skip()
        }
      }
    }
    return try finalThrough.required("final_through")
  }

  /// As the other `decode`, for bytes in an array.
  public static func decode(_ value: [UInt8]) throws -> Milliseconds {
    try value.withUnsafeBytes { try decode($0) }
  }
}
