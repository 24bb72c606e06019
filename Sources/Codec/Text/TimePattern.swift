// Safety: names of months and days are compared within string literals, up to the comma behind each.

import Attribution

/// A form of times as strptime(3) writes them: `%d.%m.%Y %H:%M`.
///
/// Numbers may leave out leading zeros, except in `%Y`, `%y` and where the next number follows at once. A
/// blank stands for one or more, `%f` for any number of decimals. Names are English.
public struct TimePattern: Sendable, Equatable {
  /// Why a text is no pattern.
  public struct Fault: Error, Equatable, Sendable {
    public var problem: String
    public var advice: String
  }

  private enum Piece: Equatable {
    /// Digits of a part of the time.
    case number(Part, mostDigits: Int)
    case monthName
    case weekdayName
    case fraction
    case halfOfDay
    case offset
    case blanks
    case literal(UInt8)
  }

  private enum Part: Int {
    case year, yearOfCentury, month, day, dayOfYear, hour, hourOfHalf, minute, second, epochSeconds
  }

  private let pieces: [Piece]
  /// Whether times have their own distance from UTC.
  public let hasOffset: Bool

  public init(_ text: String) throws(Fault) {
    var pieces: [Piece] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case ASCII.percent:
        guard let letter = rest.popFirst() else {
          throw Fault(problem: "ends with %", advice: "write %% for one")
        }
        pieces += try TimePattern.pieces(of: letter)
      case ASCII.space:
        if pieces.last != .blanks { pieces.append(.blanks) }
      default: pieces.append(.literal(byte))
      }
    }
    self.pieces = pieces
    hasOffset = pieces.contains(.offset) || TimePattern.has(.epochSeconds, in: pieces)
    try checkComplete()
  }

  private static func pieces(of letter: UInt8) throws(Fault) -> [Piece] {
    func numbers(_ form: [(Part, Int)], _ separator: UInt8) -> [Piece] {
      var pieces: [Piece] = []
      for (part, digits) in form {
        if !pieces.isEmpty { pieces.append(.literal(separator)) }
        pieces.append(.number(part, mostDigits: digits))
      }
      return pieces
    }
    switch letter {
    case UInt8(ascii: "Y"): return [.number(.year, mostDigits: 4)]
    case UInt8(ascii: "y"): return [.number(.yearOfCentury, mostDigits: 2)]
    case UInt8(ascii: "m"): return [.number(.month, mostDigits: 2)]
    case UInt8(ascii: "d"), UInt8(ascii: "e"): return [.number(.day, mostDigits: 2)]
    case UInt8(ascii: "j"): return [.number(.dayOfYear, mostDigits: 3)]
    case UInt8(ascii: "H"), UInt8(ascii: "k"): return [.number(.hour, mostDigits: 2)]
    case UInt8(ascii: "I"), UInt8(ascii: "l"): return [.number(.hourOfHalf, mostDigits: 2)]
    case UInt8(ascii: "M"): return [.number(.minute, mostDigits: 2)]
    case UInt8(ascii: "S"): return [.number(.second, mostDigits: 2)]
    case UInt8(ascii: "s"): return [.number(.epochSeconds, mostDigits: 12)]
    case UInt8(ascii: "f"): return [.fraction]
    case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "h"): return [.monthName]
    case UInt8(ascii: "a"), UInt8(ascii: "A"): return [.weekdayName]
    case UInt8(ascii: "p"), UInt8(ascii: "P"): return [.halfOfDay]
    case UInt8(ascii: "z"): return [.offset]
    case UInt8(ascii: "F"): return numbers([(.year, 4), (.month, 2), (.day, 2)], ASCII.minus)
    case UInt8(ascii: "T"): return numbers([(.hour, 2), (.minute, 2), (.second, 2)], ASCII.colon)
    case UInt8(ascii: "R"): return numbers([(.hour, 2), (.minute, 2)], ASCII.colon)
    case UInt8(ascii: "D"):
      return numbers([(.month, 2), (.day, 2), (.yearOfCentury, 2)], ASCII.slash)
    case UInt8(ascii: "n"), UInt8(ascii: "t"): return [.blanks]
    case ASCII.percent: return [.literal(letter)]
    default:
      let shown = (0x21..<0x7F).contains(letter) ? "%" + String(UnicodeScalar(letter)) : "%"
      throw Fault(
        problem: "has \(shown), which means nothing here",
        advice: "there are %Y %y %m %b %d %j %H %I %p %M %S %f %z %s %a %F %T %R %D and %%")
    }
  }

  private static func has(_ part: Part, in pieces: [Piece]) -> Bool {
    pieces.contains {
      if case .number(part, _) = $0 { true } else { false }
    }
  }

  private func has(_ part: Part) -> Bool { TimePattern.has(part, in: pieces) }

  private func checkComplete() throws(Fault) {
    if has(.epochSeconds) { return }
    guard has(.year) || has(.yearOfCentury) else {
      throw Fault(problem: "has no year", advice: "add %Y")
    }
    guard has(.dayOfYear) || has(.day) && (has(.month) || pieces.contains(.monthName)) else {
      throw Fault(problem: "has no complete date", advice: "add %m and %d, or %j")
    }
    guard has(.hourOfHalf) == pieces.contains(.halfOfDay) else {
      throw Fault(
        problem: "has \(has(.hourOfHalf) ? "%I without %p" : "%p without %I")",
        advice: "write both, or %H")
    }
  }
}

// MARK: - Reading

extension TimePattern {
  /// What the clocks show, and how far they are ahead of UTC if the text says so.
  public struct Reading: Equatable, Sendable {
    /// Milliseconds from 1970-01-01T00:00 on these clocks.
    public var local: Milliseconds
    /// In milliseconds.
    public var offset: Milliseconds?
  }

  /// The time that a text says, which must be all of this form; nil when it is not. Allocates nothing.
  public func read(_ text: BorrowedBytes) -> Reading? {
    var reader = Reader(text: text)
    for piece in pieces {
      guard reader.read(piece) else {
        return nil
      }
    }
    return reader.index == text.count ? reader.reading : nil
  }

  private struct Reader {
    let text: BorrowedBytes
    var index = 0
    var year: Int64 = 1970
    var month: Int64 = 1
    var day: Int64 = 1
    var dayOfYear: Int64?
    var hour: Int64 = 0
    var minute: Int64 = 0
    var second: Int64 = 0
    var milliseconds: Milliseconds = 0
    var isAfternoon: Bool?
    var offset: Milliseconds?
    var epochSeconds: Int64?

    init(text: BorrowedBytes) { self.text = text }

    var reading: Reading? {
      if let epochSeconds { return Reading(local: epochSeconds * 1_000 + milliseconds, offset: 0) }
      var hour = hour
      if let isAfternoon {
        guard (1...12).contains(hour) else { return nil }
        hour = hour % 12 + (isAfternoon ? 12 : 0)
      }
      let date = CivilDate(year: year, month: month, day: day)
      guard date.isReal, hour < 24, minute < 60, second <= 60 else { return nil }
      var days = date.daysSinceEpoch
      if let dayOfYear {
        guard CivilDate(daysSinceEpoch: days + dayOfYear - 1).year == year, dayOfYear > 0 else {
          return nil
        }
        days += dayOfYear - 1
      }
      let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
      return Reading(local: seconds * 1_000 + milliseconds, offset: offset)
    }

    mutating func read(_ piece: Piece) -> Bool {
      switch piece {
      case .number(let part, let mostDigits): return number(part, mostDigits)
      case .literal(let byte): return take(byte)
      case .blanks:
        guard take(ASCII.space) else { return false }
        while take(ASCII.space) {}
        return true
      case .monthName: return monthName()
      case .weekdayName: return weekdayName()
      case .fraction: return fraction()
      case .halfOfDay: return halfOfDay()
      case .offset: return readOffset()
      }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard index < text.count, text[index] == byte else { return false }
      index += 1
      return true
    }

    private mutating func number(_ part: Part, _ mostDigits: Int) -> Bool {
      // A day or an hour may have a blank for its first digit.
      if part == .day || part == .hour || part == .hourOfHalf { _ = take(ASCII.space) }
      let start = index
      var value: Int64 = 0
      while index < text.count, index - start < mostDigits, ASCII.isDigit(text[index]) {
        value = value * 10 + Int64(text[index] &- ASCII.zero)
        index += 1
      }
      guard index > start else { return false }
      switch part {
      case .year:
        guard index - start == 4 else { return false }
        year = value
      case .yearOfCentury:
        guard index - start == 2 else { return false }
        year = value < 69 ? 2000 + value : 1900 + value
      case .month: month = value
      case .day: day = value
      case .dayOfYear: dayOfYear = value
      case .hour, .hourOfHalf: hour = value
      case .minute: minute = value
      case .second: second = value
      case .epochSeconds: epochSeconds = value
      }
      return true
    }

    private mutating func fraction() -> Bool {
      let start = index
      var weight: Milliseconds = 100
      while index < text.count, ASCII.isDigit(text[index]) {
        milliseconds += Milliseconds(text[index] &- ASCII.zero) * weight
        weight /= 10
        index += 1
      }
      return index > start
    }

    private mutating func halfOfDay() -> Bool {
      guard text.count - index >= 2, text[index + 1] | 0x20 == UInt8(ascii: "m") else {
        return false
      }
      switch text[index] | 0x20 {
      case UInt8(ascii: "a"): isAfternoon = false
      case UInt8(ascii: "p"): isAfternoon = true
      default: return false
      }
      index += 2
      return true
    }

    private mutating func readOffset() -> Bool {
      if index < text.count, text[index] | 0x20 == UInt8(ascii: "z") {
        index += 1
        offset = 0
        return true
      }
      guard index < text.count, text[index] == ASCII.plus || text[index] == ASCII.minus else {
        return false
      }
      let isBehind = text[index] == ASCII.minus
      index += 1
      guard let hours = pair(), hours < 24 else { return false }
      var minutes: Int64 = 0
      let before = index
      _ = take(ASCII.colon)
      if let written = pair() {
        guard written < 60 else { return false }
        minutes = written
      } else {
        index = before
      }
      let distance = (hours * 60 + minutes) * 60_000
      offset = isBehind ? -distance : distance
      return true
    }

    private mutating func pair() -> Int64? {
      guard text.count - index >= 2, ASCII.isDigit(text[index]), ASCII.isDigit(text[index + 1])
      else { return nil }
      defer { index += 2 }
      return Int64(text[index] &- ASCII.zero) * 10 + Int64(text[index + 1] &- ASCII.zero)
    }

    // MARK: Names, in English

    /// The first three letters, and the whole name where the text goes on with it.
    private mutating func name(_ names: StaticString, _ count: Int) -> Int? {
      var start = names.utf8Start
      for number in 0..<count {
        var length = 0
        while start[length] != ASCII.comma { length += 1 }
        if matches(start, 3) {
          index += matches(start, length) ? length : 3
          return number
        }
        start += length + 1
      }
      return nil
    }

    private func matches(_ name: UnsafePointer<UInt8>, _ count: Int) -> Bool {
      guard text.count - index >= count else { return false }
      for place in 0..<count where text[index + place] | 0x20 != name[place] { return false }
      return true
    }

    private mutating func monthName() -> Bool {
      guard
        let number = name(
          "january,february,march,april,may,june,july,august,september,october,november,december,",
          12)
      else { return false }
      month = Int64(number) + 1
      return true
    }

    private mutating func weekdayName() -> Bool {
      name("monday,tuesday,wednesday,thursday,friday,saturday,sunday,", 7) != nil
    }
  }
}
