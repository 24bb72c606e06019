import Attribution
import Testing

@testable import Codec

@Suite("Time")
struct TimeTests {
  @Test(
    "Times are written in both forms",
    arguments: [
      (0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
      (1_767_571_600_000, "2026-01-05T00:06:40Z", "2026-01-05T00:06:40.000Z"),
      (1_767_571_570_250, "2026-01-05T00:06:10Z", "2026-01-05T00:06:10.250Z"),
      (-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"),
      (Time.earliest, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
      (Time.latest, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"),
      (Time.latest + 1, "10000-01-01T00:00:00Z", "10000-01-01T00:00:00.000Z"),
      (Time.earliest - 1, "-0001-12-31T23:59:59Z", "-0001-12-31T23:59:59.999Z"),
    ] as [(Milliseconds, String, String)])
  func format(_ time: Milliseconds, _ seconds: String, _ milliseconds: String) {
    #expect(Time.formatSeconds(time) == seconds)
    #expect(Time.formatMilliseconds(time) == milliseconds)
  }

  @Test("Any integer can be written")
  func extremes() {
    #expect(Time.formatMilliseconds(.max) == "292278994-08-17T07:12:55.807Z")
    #expect(Time.formatMilliseconds(.min) == "-292275055-05-16T16:47:04.192Z")
  }

  @Test("Random times survive writing and reading")
  func roundTrip() {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<20_000 {
      let time = Milliseconds.random(in: Time.earliest...Time.latest, using: &random)
      #expect(Time.parse(Time.formatMilliseconds(time)) == time, "seed \(seed)")
      let second = time - ((time % 1_000) + 1_000) % 1_000
      #expect(Time.parse(Time.formatSeconds(time)) == second, "seed \(seed)")
    }
  }

  @Test("The usual form means what it means with one more decimal, which is dropped")
  func usualForm() {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    var read = 0
    for _ in 0..<50_000 {
      var text = Array("2026-01-05T00:06:40.123Z".utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        text[Int.random(in: 0..<24, using: &random)] = Array("0123456789/:-TtZz.".utf8)
          .randomElement(using: &random)!
      }
      let usual = String(decoding: text, as: UTF8.self)
      guard usual.last == "Z" || usual.last == "z" else { continue }
      let longer = usual.dropLast() + "0" + usual.suffix(1)
      let time = Time.parse(usual)
      #expect(time == Time.parse(String(longer)), "seed \(seed): \(usual)")
      if time != nil { read += 1 }
    }
    #expect(read > 1_000)
  }

  @Test("An offset moves the instant the other way")
  func offsets() {
    let seed = newSeed()
    var random = SeededRandom(seed: seed)
    for _ in 0..<2_000 {
      let minutes = Int64.random(in: -1_439...1_439, using: &random)
      let time = Milliseconds.random(in: 0...4_000_000_000_000, using: &random)
      let local = Time.formatMilliseconds(time + minutes * 60_000).dropLast()
      let (hours, rest) = minutes.magnitude.quotientAndRemainder(dividingBy: 60)
      func two(_ number: UInt64) -> String { (number < 10 ? "0" : "") + String(number) }
      let text = "\(local)\(minutes < 0 ? "-" : "+")\(two(hours)):\(two(rest))"
      #expect(Time.parse(text) == time, "seed \(seed): \(text)")
    }
  }

  @Test("Every day of ten thousand years follows the one before")
  func calendar() {
    // Counted day by day, with nothing but the lengths of months.
    var date = CivilDate(year: 0, month: 1, day: 1)
    var day: Int64 = -719_528
    var wrongDays = 0
    while date.year < 10_000 {
      if date.daysSinceEpoch != day || CivilDate(daysSinceEpoch: day) != date || !date.isReal {
        wrongDays += 1
      }
      let isLeap = date.year % 400 == 0 || (date.year % 4 == 0 && date.year % 100 != 0)
      let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      date.day += 1
      if date.day > lengths[Int(date.month) - 1] {
        if date.isReal { wrongDays += 1 }
        date = CivilDate(year: date.year, month: date.month + 1, day: 1)
      }
      if date.month > 12 { date = CivilDate(year: date.year + 1, month: 1, day: 1) }
      day += 1
    }
    #expect(wrongDays == 0)
    #expect(day == 2_932_897)
  }
}
