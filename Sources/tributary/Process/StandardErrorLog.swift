import Logging

/// Writes log lines to standard error, in the format that `StandardError` has been given.
struct StandardErrorLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
      .sorted { $0.key < $1.key }
    StandardError.log(
      event.level, "\(event.message)", fields: fields.map { ($0.key, "\($0.value)") })
  }
}
