import Glibc
import Synchronization

/// The time of day as the `Date` header has it (RFC 9110, 5.6.7), written once a second.
final class HTTPDate: Sendable {
  private let latest = Mutex<(second: Int, text: String)>((-1, ""))

  var text: String {
    let now = time(nil)
    return latest.withLock { latest in
      if latest.second != now { latest = (now, Self.text(now)) }
      return latest.text
    }
  }

  /// - Parameter second: since 1970.
  static func text(_ second: Int) -> String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    var time = second
    var fields = tm()
    gmtime_r(&time, &fields)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let day = "\(days[Int(fields.tm_wday)]), \(two(fields.tm_mday)) \(months[Int(fields.tm_mon)])"
    return "\(day) \(fields.tm_year + 1900) "
      + "\(two(fields.tm_hour)):\(two(fields.tm_min)):\(two(fields.tm_sec)) GMT"
  }
}
