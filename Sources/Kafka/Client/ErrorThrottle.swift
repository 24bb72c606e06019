/// Lets one line per error through in a minute, so that a broker's absence does not fill the log.
///
/// Pure: the caller brings the clock.
struct ErrorThrottle {
  /// How long a repeated code stays quiet, in milliseconds.
  static let quietMilliseconds: Int64 = 60_000

  private var lastLogged: [Int32: Int64] = [:]

  /// Whether an error with `code` at `nowMilliseconds` is to be logged.
  ///
  /// There are a few hundred codes at most, which bounds the memory.
  mutating func admits(code: Int32, nowMilliseconds: Int64) -> Bool {
    if let last = lastLogged[code], nowMilliseconds - last < Self.quietMilliseconds {
      return false
    }
    lastLogged[code] = nowMilliseconds
    return true
  }
}
