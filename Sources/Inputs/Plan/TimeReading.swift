import Codec
import Configuration
import Foundation

extension TimeReading {
  package init(_ form: TimeForm) throws(InputError) {
    switch form {
    case .unit(let unit): self = .unit(digits: unit.digits)
    case .pattern(let text, let timezone):
      do {
        self = .pattern(try TimePattern(text), try ZoneOffsets(timezone: timezone))
      } catch let fault as TimePattern.Fault {
        throw InputError("\(fault.problem); \(fault.advice)")
      } catch {
        throw InputError("\(error)")
      }
    }
  }
}

extension TimeUnit {
  /// The power of ten that makes a second.
  var digits: Int {
    switch self {
    case .seconds: 0
    case .milliseconds: 3
    case .microseconds: 6
    case .nanoseconds: 9
    }
  }
}

extension ZoneOffsets {
  /// What is known of a zone from 1900 to 2100; its first and last offset hold beyond.
  init(timezone: String) throws(InputError) {
    guard let zone = TimeZone(identifier: timezone) else {
      throw InputError("there is no time zone \(timezone)")
    }
    func offset(_ second: Int64) -> Int64 {
      Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))))
    }
    let first: Int64 = -2_208_988_800
    let last: Int64 = 4_102_444_800
    // No zone has been known to change twice within so short a time.
    let step: Int64 = 4 * 86_400
    var changes = [(since: first * 1_000, offset: offset(first) * 1_000)]
    var before = first
    while before < last {
      let after = before + step
      let offsets = (offset(before), offset(after))
      if offsets.0 != offsets.1 {
        var low = before
        var high = after
        while high - low > 1 {
          let middle = (low + high) / 2
          if offset(middle) == offsets.0 { low = middle } else { high = middle }
        }
        changes.append((high * 1_000, offsets.1 * 1_000))
      }
      before = after
    }
    self.init(changes)
  }
}
