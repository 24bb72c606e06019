import Attribution
import Codec

/// One session of a user before a conversion.
package struct Session: Equatable, Sendable {
  package var id: String
  /// Milliseconds since 1970-01-01T00:00:00 on the input's own clock.
  package var time: Milliseconds
  package var channel: String
  package var hasHolderEngagement: Bool
  package var hasCloserEngagement: Bool
  package var isImpression: Bool
  package var cost: Micros

  package init(
    id: String, time: Milliseconds, channel: String, hasHolderEngagement: Bool = false,
    hasCloserEngagement: Bool = false, isImpression: Bool = false, cost: Micros = 0
  ) {
    self.id = id
    self.time = time
    self.channel = channel
    self.hasHolderEngagement = hasHolderEngagement
    self.hasCloserEngagement = hasCloserEngagement
    self.isImpression = isImpression
    self.cost = cost
  }
}

/// The journey of a conversion: the sessions that came at or before it, in order. The last one
/// converted.
package struct Journey: Equatable, Sendable {
  package var conversionID: String
  package var userID: String
  /// Milliseconds since 1970-01-01T00:00:00 on the input's own clock.
  package var time: Milliseconds
  package var revenue: Micros
  /// Ordered by (time, id by bytes).
  package var sessions: [Session]

  package init(
    conversionID: String, userID: String, time: Milliseconds, revenue: Micros, sessions: [Session]
  ) {
    self.conversionID = conversionID
    self.userID = userID
    self.time = time
    self.revenue = revenue
    self.sessions = sessions
  }

  /// The date of the conversion.
  package var day: JourneyDay { JourneyDay(of: time) }

  /// 64 bits of FNV-1a over all that is sent, in hexadecimal: another journey of the same conversion
  /// has another fingerprint.
  package var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    for session in sessions {
      add(session.id.utf8)
      add([0])
      add(session.channel.utf8)
      add([0])
      withUnsafeBytes(of: session.time.littleEndian) { add($0) }
      add([
        session.hasHolderEngagement ? 1 : 0, session.hasCloserEngagement ? 1 : 0,
        session.isImpression ? 1 : 0,
      ])
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// A date of the input's own clock, such as 2026-01-05.
package struct JourneyDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Days since 1970-01-01.
  package let number: Int64

  static let milliseconds: Milliseconds = 86_400_000

  init(number: Int64) { self.number = number }

  init(of time: Milliseconds) {
    let (quotient, remainder) = time.quotientAndRemainder(dividingBy: Self.milliseconds)
    number = remainder < 0 ? quotient - 1 : quotient
  }

  /// Nil when the text is no date.
  package init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      let year = digits(bytes[0..<4]), let month = digits(bytes[5..<7]),
      let day = digits(bytes[8..<10])
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isReal else { return nil }
    number = date.daysSinceEpoch
  }

  package var description: String {
    String(Time.formatSeconds(number * Self.milliseconds).prefix(10))
  }

  package static func < (left: JourneyDay, right: JourneyDay) -> Bool { left.number < right.number }
}

/// The number that decimal digits make; nil for anything else.
func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
  guard !bytes.isEmpty, bytes.count <= 9 else { return nil }
  var value: Int64 = 0
  for byte in bytes {
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
    value = value * 10 + Int64(byte - UInt8(ascii: "0"))
  }
  return value
}
