import Codec
import Foundation

extension JSONWriter {
  /// A number of seconds, to the millisecond.
  mutating func field(_ name: String, seconds: Double) {
    key(name)
    raw(String(format: "%.3f", seconds).utf8)
  }

  /// The text of one object.
  static func object(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    writer.object(body)
    return writer.text
  }
}
