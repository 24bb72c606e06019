import Attribution
import Glibc

/// The record key of a rollup, spelled straight from the contract, section 5.
enum RollupKeyText {
  /// `<view>|<dimension values joined by |>|<window start>`, each value percent-encoded.
  static func bytes(of key: RollupKey) -> [UInt8] {
    var bytes = percentEncoded(key.view)
    bytes.append(UInt8(ascii: "|"))
    bytes += key.dimensions.map(percentEncoded).joined(separator: [UInt8(ascii: "|")])
    bytes.append(UInt8(ascii: "|"))
    bytes += time(key.windowStart).utf8
    return bytes
  }

  /// A whole second as `YYYY-MM-DDThh:mm:ssZ`, by the C library's calendar and not the codec's.
  static func time(_ time: Milliseconds) -> String {
    var second = Int(time >= 0 ? time / 1_000 : (time - 999) / 1_000)
    var fields = tm()
    gmtime_r(&second, &fields)
    var text = ""
    func append(_ value: Int32, _ digits: Int, _ end: Unicode.Scalar) {
      let number = String(value)
      text += String(repeating: "0", count: max(0, digits - number.utf8.count)) + number
      text.unicodeScalars.append(end)
    }
    append(fields.tm_year + 1_900, 4, "-")
    append(fields.tm_mon + 1, 2, "-")
    append(fields.tm_mday, 2, "T")
    append(fields.tm_hour, 2, ":")
    append(fields.tm_min, 2, ":")
    append(fields.tm_sec, 2, "Z")
    return text
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
