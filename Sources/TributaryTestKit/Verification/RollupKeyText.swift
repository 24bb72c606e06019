import Attribution

/// The record key of a rollup, spelled straight from the contract, section 5.
enum RollupKeyText {
  /// `<view>|<dimension values joined by |>|<window start>`, each value percent-encoded.
  static func bytes(of key: RollupKey) -> [UInt8] {
    var bytes = percentEncoded(key.view)
    bytes.append(UInt8(ascii: "|"))
    bytes += key.dimensions.map(percentEncoded).joined(separator: [UInt8(ascii: "|")])
    bytes.append(UInt8(ascii: "|"))
    JSONText.appendTime(key.windowStart, decimals: 0, offsetMinutes: 0, to: &bytes)
    return bytes
  }

  private static let unreserved = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
  private static let hexDigits = Array("0123456789ABCDEF".utf8)

  private static func percentEncoded(_ name: String) -> [UInt8] {
    name.utf8.flatMap { byte in
      unreserved.contains(byte)
        ? [byte] : [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
    }
  }
}
