import Codec
import Configuration
import Foundation
import Logging
import Synchronization

/// The one way to standard error: log lines, complaints, progress.
///
/// What cannot be written there is nothing: a full disk under the log must not end the processor.
enum StandardError {
  private static let format = Mutex(LogFormat.text)

  /// Has every line from now on written in a format, whoever writes it.
  static func use(_ format: LogFormat) { self.format.withLock { $0 = format } }

  static func write(_ text: String) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  static func write(_ bytes: UnsafeRawBufferPointer) {
    _ = Descriptor.write(bytes, to: STDERR_FILENO)
  }

  /// A line of the program itself: by default why it ends. As JSON it is like one of the log.
  static func say(_ text: String, level: Logger.Level = .error) {
    switch format.withLock({ $0 }) {
    case .text: write("tributary: \(text)\n")
    case .json: log(level, text, fields: [])
    }
  }

  /// A log line.
  ///
  /// - Parameter fields: by their names, in order.
  static func log(_ level: Logger.Level, _ message: String, fields: [(name: String, value: String)])
  {
    let now = Int64(Date().timeIntervalSince1970 * 1_000)
    var line =
      switch format.withLock({ $0 }) {
      case .text: textLine(now, level, message, fields)
      case .json: jsonLine(now, level, message, fields)
      }
    line.append(UInt8(ascii: "\n"))
    line.withUnsafeBytes { write($0) }
  }

  private static func textLine(
    _ time: Int64, _ level: Logger.Level, _ message: String,
    _ fields: [(name: String, value: String)]
  ) -> [UInt8] {
    var line: [UInt8] = []
    Time.appendMilliseconds(time, to: &line)
    line += " \(level) \(message)".utf8
    for (name, value) in fields { line += " \(name)=\(value)".utf8 }
    return line
  }

  private static func jsonLine(
    _ time: Int64, _ level: Logger.Level, _ message: String,
    _ fields: [(name: String, value: String)]
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("time", Time.formatMilliseconds(time))
      writer.field("level", level.rawValue)
      writer.field("message", message)
      writer.object("fields") { writer in
        for (name, value) in fields { writer.field(name, value) }
      }
    }
    return writer.bytes
  }
}
