/// Names come from outside: no control character of theirs may reach a terminal, and none may turn a line around.
enum TerminalText {
  static func printable(_ name: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in name.unicodeScalars { scalars.append(isHarmless(scalar) ? scalar : "\u{FFFD}") }
    return String(scalars)
  }

  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // What changes the direction of the text behind it.
    case 0x202A...0x202E, 0x2066...0x2069: return false
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: return false
    default: return true
    }
  }

  /// How many columns of a terminal a text takes: two for a wide character, none for what is drawn over another.
  static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

  /// As many characters from the front as so many columns take.
  static func prefix(_ text: String, columns: Int) -> Substring {
    var room = columns
    var end = text.startIndex
    for index in text.indices {
      room -= width(text[index])
      if room < 0 { break }
      end = text.index(after: index)
    }
    return text[..<end]
  }

  /// `text` with blanks to fill so many columns: behind it, or in front of it.
  static func padded(_ text: String, to columns: Int, isLeft: Bool) -> String {
    let padding = String(repeating: " ", count: max(0, columns - width(text)))
    return isLeft ? text + padding : padding + text
  }

  private static func width(_ character: Character) -> Int {
    if character.isASCII { return 1 }
    var width = 0
    for scalar in character.unicodeScalars {
      // This one asks for the picture of the character in front of it.
      if scalar == "\u{FE0F}" { return 2 }
      width = max(width, columns(scalar))
    }
    return width
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    if scalar.properties.isEmojiPresentation { return 2 }
    return wide.contains { $0.contains(scalar.value) } ? 2 : 1
  }

  /// What Unicode's East Asian Width calls wide or full-width, in ranges (https://www.unicode.org/reports/tr11/).
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60,
    0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FB, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
  ]
}
