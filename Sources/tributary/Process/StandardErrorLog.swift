import Codec
import Foundation
import Logging

/// Writes log lines to standard error: time, level, message.
struct StandardErrorLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line: [UInt8] = []
    Time.appendMilliseconds(Int64(Date().timeIntervalSince1970 * 1_000), to: &line)
    line += " \(event.level) \(event.message)".utf8
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
      .sorted(by: { $0.key < $1.key })
    {
      line += " \(key)=\(value)".utf8
    }
    line.append(UInt8(ascii: "\n"))
    line.withUnsafeBytes { StandardError.write($0) }
  }
}
