import Attribution

/// Amounts of money as spreadsheets and reports write them: `1.234,56`, `1,234.56 €`, `EUR 1 234,56`.
///
/// Read from their text into digits with a point, so that no amount passes through floating point. Groups
/// of thousands must be whole, which keeps a file in the other notation from being read wrongly.
struct AmountText {
  private let point: UInt8
  private let group: UInt8
  private let currency: String
  /// Texts that name the currency, the longest first.
  private let signs: [[UInt8]]

  /// Signs of currencies; one that several currencies share stands with the most traded.
  private static let knownSigns: [(sign: String, currencies: Set<String>)] = [
    ("€", ["EUR"]), ("US$", ["USD"]), ("A$", ["AUD"]), ("C$", ["CAD"]), ("R$", ["BRL"]),
    ("$", ["USD", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN"]), ("£", ["GBP"]),
    ("¥", ["JPY", "CNY"]), ("₹", ["INR"]), ("₽", ["RUB"]), ("₺", ["TRY"]), ("₩", ["KRW"]),
    ("zł", ["PLN"]), ("Kč", ["CZK"]), ("kr", ["SEK", "NOK", "DKK"]), ("Fr.", ["CHF"]),
  ]

  /// - Parameter currency: the code of the one that amounts are in.
  init(isDecimalComma: Bool, currency: String) {
    point = isDecimalComma ? UInt8(ascii: ",") : UInt8(ascii: ".")
    group = isDecimalComma ? UInt8(ascii: ".") : UInt8(ascii: ",")
    self.currency = currency
    let own = AmountText.knownSigns.filter { $0.currencies.contains(currency) }.map(\.sign)
    signs = (own + [currency]).map { Array($0.utf8) }.sorted { $0.count > $1.count }
  }

  /// Appends the amount as digits, perhaps with a point among them; false, and nothing appended, if the text
  /// is none.
  func append(_ text: BorrowedBytes, to output: inout [UInt8]) -> Bool {
    let start = output.count
    var rest = AmountText.trimmed(UnsafeRawBufferPointer(text.buffer))
    for sign in signs {
      if rest.starts(with: sign) {
        rest = AmountText.trimmed(.init(rebasing: rest[sign.count...]))
        break
      }
      if rest.count >= sign.count, rest.suffix(sign.count).elementsEqual(sign) {
        rest = AmountText.trimmed(.init(rebasing: rest.dropLast(sign.count)))
        break
      }
    }
    if appendDigits(rest, to: &output) { return true }
    output.removeSubrange(start...)
    return false
  }

  private func appendDigits(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Bool {
    var index = 0
    func digits(_ output: inout [UInt8]) -> Int {
      let start = index
      while index < text.count, (0x30...0x39).contains(text[index]) {
        output.append(text[index])
        index += 1
      }
      return index - start
    }
    let first = digits(&output)
    guard first > 0 else { return false }
    var separator: [UInt8]?
    while let width = separatorWidth(text, index) {
      let found = Array(text[index..<index + width])
      guard separator == nil ? first <= 3 : separator == found else { return false }
      separator = found
      index += width
      guard digits(&output) == 3 else { return false }
    }
    if index < text.count {
      guard text[index] == point else { return false }
      index += 1
      output.append(UInt8(ascii: "."))
      guard digits(&output) > 0 else { return false }
    }
    return index == text.count
  }

  /// The bytes of a separator of thousands; nil if there is none.
  private func separatorWidth(_ text: UnsafeRawBufferPointer, _ index: Int) -> Int? {
    guard index < text.count else { return nil }
    if text[index] == group || text[index] == 0x20 || text[index] == UInt8(ascii: "'") { return 1 }
    return AmountText.blankWidth(UnsafeRawBufferPointer(rebasing: text[index...]))
      ?? (text[index...].starts(with: Array("’".utf8)) ? 3 : nil)
  }

  /// The bytes of a blank that does not break, at the beginning.
  private static func blankWidth(_ text: UnsafeRawBufferPointer) -> Int? {
    if text.starts(with: [0xC2, 0xA0]) { return 2 }
    return text.starts(with: [0xE2, 0x80, 0xAF]) ? 3 : nil
  }

  private static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var rest = text[...]
    while let first = rest.first {
      let width = first == 0x20 ? 1 : blankWidth(.init(rebasing: rest))
      guard let width else { break }
      rest = rest.dropFirst(width)
    }
    while let last = rest.last {
      if last == 0x20 {
        rest = rest.dropLast()
      } else if rest.suffix(2).elementsEqual([0xC2, 0xA0]) {
        rest = rest.dropLast(2)
      } else if rest.suffix(3).elementsEqual([0xE2, 0x80, 0xAF]) {
        rest = rest.dropLast(3)
      } else {
        break
      }
    }
    return .init(rebasing: rest)
  }

  /// What to do about a text that is no amount.
  func advice(_ text: String) -> Advice {
    .amount(text, currency: currency, decimal: Character(UnicodeScalar(point)))
  }
}
