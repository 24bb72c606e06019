import Codec
import Foundation
import Logging
import Synchronization

/// Keeps the last warning or error of a log, for a page that leaves no room for a log.
final class LastWarning: Sendable {
  private let line = Mutex<(text: String, at: ContinuousClock.Instant)?>(nil)

  /// The last line, unless it is older than a minute.
  var text: String? {
    line.withLock { line in
      line.flatMap { $0.at.duration(to: .now) < .seconds(60) ? $0.text : nil }
    }
  }

  func keep(_ text: String) { line.withLock { $0 = (text, .now) } }

  /// A logger that keeps its warnings and errors here and drops the rest.
  func makeLogger() -> Logger {
    var logger = Logger(label: "tributary", factory: { _ in Handler(warning: self) })
    logger.logLevel = .warning
    return logger
  }

  private struct Handler: LogHandler {
    let warning: LastWarning
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let time = Time.formatSeconds(Int64(Date().timeIntervalSince1970 * 1_000)).dropFirst(11)
      warning.keep("\(time) \(event.level): \(event.message)")
    }
  }
}
