import Attribution
import Foundation
import Verification

/// A generated record read back with Foundation, independently of the product's decoder.
struct DecodedRecord {
  let fields: [String: Any]

  init?(_ value: [UInt8]) {
    guard let fields = try? JSONSerialization.jsonObject(with: Data(value)) as? [String: Any]
    else { return nil }
    self.fields = fields
  }

  func text(_ name: String) -> String { fields[name] as? String ?? "" }

  /// `event_time` as milliseconds.
  var time: Milliseconds? {
    if let number = fields["event_time"] as? Int64 { return number }
    guard let text = fields["event_time"] as? String else { return nil }
    // yyyy-MM-ddTHH:mm:ss[.fff…](Z|±HH:mm)
    let parts = text.split { "-T:.Z+".contains($0) }.compactMap { Int64($0) }
    guard parts.count >= 6 else { return nil }
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0)!
    let date = calendar.date(
      from: DateComponents(
        year: Int(parts[0]), month: Int(parts[1]), day: Int(parts[2]), hour: Int(parts[3]),
        minute: Int(parts[4]), second: Int(parts[5])))!
    var time = Milliseconds(date.timeIntervalSince1970) * 1_000
    let clockPart = text.split(separator: "T")[1]
    if let dot = clockPart.firstIndex(of: ".") {
      time += Milliseconds(clockPart[clockPart.index(after: dot)...].prefix(3))!
    }
    if !text.hasSuffix("Z") {
      let offset = text.suffix(6)
      let length =
        Milliseconds(offset.dropFirst().prefix(2))! * 60 + Milliseconds(offset.suffix(2))!
      time -= (offset.hasPrefix("-") ? -length : length) * 60_000
    }
    return time
  }

  func event(_ kind: EventKind) -> OracleEvent? {
    guard let time else { return nil }
    return OracleEvent(
      kind: kind, time: time, eventID: text("event_id"), userID: text("user_id"),
      campaignID: text("campaign_id"), channel: text("channel"), adID: text("ad_id"),
      sessionID: text("session_id"))
  }
}
