import Attribution
import Codec

/// What to do about a text that is not a time.
enum TimeAdvice {
  /// Nil when nothing is known.
  ///
  /// - Parameter isMapped: the text has been read as an entry of `inputs` says, and is not written so.
  static func advice(_ text: String, isMapped: Bool) -> String? {
    if isTotal(text) { return "this looks like a line of totals" }
    if let advice = epochAdvice(text) { return advice }
    let formats = formats(of: text)
    guard let first = formats.first else { return nil }
    var advice = "inputs can read it, with format: \"\(first)\""
    if formats.count > 1 { advice += " (or \"\(formats[1])\")" }
    let hasOffset = (try? TimePattern(first))?.hasOffset ?? false
    return hasOffset ? advice : advice + " and its timezone"
  }

  /// Whether a text is what reports write at their end.
  private static func isTotal(_ text: String) -> Bool {
    let start = text.drop { $0 == " " }.prefix(6).lowercased()
    return ["total", "summe", "gesamt", "--"].contains { start.hasPrefix($0) }
  }

  private static func epochAdvice(_ text: String) -> String? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    let isDecimal = rest.first == "." && rest.dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
    guard !digits.isEmpty, rest.isEmpty || isDecimal else { return nil }
    switch digits.count {
    case 9, 10: return "if these are seconds, inputs can read them, with unit: s"
    case 16: return "if these are microseconds, inputs can read them, with unit: us"
    case 19: return "if these are nanoseconds, inputs can read them, with unit: ns"
    case 5: return "if this is a spreadsheet's number of a day, save the column as text"
    case 13 where isDecimal:
      return "milliseconds have no decimals; inputs can read them, with unit: ms"
    default: return nil
    }
  }

  private static let dates = [
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%b %d, %Y", "%d-%b-%Y", "%d-%b-%y",
    "%a, %d %b %Y", "%d. %b %Y", "%Y%m%d",
  ]
  private static let clocks = [
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f",
    " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M:%S %p", "T%H%M%S", " %H.%M",
  ]
  private static let zones = ["", " %z", "%z", " UTC", " GMT"]

  /// The usual forms that a text has, at most two.
  private static func formats(of text: String) -> [String] {
    guard text.utf8.count <= 64 else { return [] }
    var found: [String] = []
    for date in dates {
      for clock in clocks {
        for zone in zones where found.count < 2 && (!clock.isEmpty || zone.isEmpty) {
          let format = date + clock + zone
          guard let pattern = try? TimePattern(format),
            text.withBorrowedBytes({ pattern.read($0) }) != nil
          else { continue }
          found.append(format)
        }
      }
    }
    return found
  }
}

/// What to do about a text that is not an amount.
enum AmountAdvice {
  /// Nil when nothing is known.
  ///
  /// - Parameter decimal: what `decimal` says; nil where it is not set.
  static func advice(_ text: String, currency: String, decimal: Character?) -> String? {
    let trimmed = text.drop { $0 == " " }
    if trimmed.first == "-" || trimmed.first == "−" || trimmed.first == "(" {
      return "amounts are not negative; a refund is another version of its conversion"
    }
    let decimals = text.drop { $0 != "." }.dropFirst()
    if decimals.count > 6, text.allSatisfy({ $0 == "." || $0.isASCII && $0.isNumber }),
      Money.parse(text, excessDecimals: .round) != nil
    {
      return "more than six decimals are rounded with excess_decimals: round"
    }
    let comma = reads(text, isDecimalComma: true, currency)
    let point = reads(text, isDecimalComma: false, currency)
    switch (decimal, comma, point) {
    case (nil, true, true):
      return "decimal: \",\" or decimal: \".\" in inputs says what the sign means"
    case (nil, true, false), (".", true, false): return "inputs can read it, with decimal: \",\""
    case (nil, false, true): return "inputs can read it, with decimal: \".\""
    case (",", false, true): return "inputs can read it, with decimal: \".\""
    default: break
    }
    return text.contains(where: \.isCurrencySymbol)
      ? "it has the sign of another currency than \(currency)" : nil
  }

  private static func reads(_ text: String, isDecimalComma: Bool, _ currency: String) -> Bool {
    var output: [UInt8] = []
    let amounts = AmountText(isDecimalComma: isDecimalComma, currency: currency)
    return text.withBorrowedBytes { amounts.append($0, to: &output) }
  }
}

/// Which name may be meant by one that is not there.
enum NameAdvice {
  /// Names that other programs give our fields, without capitals and punctuation.
  private static let synonyms: [String: [String]] = [
    "event_id": [
      "id", "messageid", "eventuuid", "uuid", "insertid", "clickid", "orderid", "transactionid",
    ],
    "user_id": [
      "uid", "userid", "customerid", "clientid", "anonymousid", "domainuserid", "visitorid",
      "deviceid",
    ],
    "event_time": [
      "timestamp", "time", "ts", "eventtimestamp", "eventdatetime", "createdat", "occurredat",
      "date", "day",
      "datetime", "collectortstamp",
    ],
    "campaign_id": ["campaign", "campaignname", "utmcampaign", "gclid"],
    "amount": ["cost", "spend", "costeur", "costusd"],
  ]

  static func advice(for field: String, among names: [String]) -> String? {
    guard let name = similar(to: field, among: names.sorted()) else { return nil }
    return
      "\(ShownText.quoted(name)) may be it: inputs or --map \(field)=\(ShownText.short(name)) says so"
  }

  /// The name that may stand for a field.
  static func similar(to field: String, among names: [String]) -> String? {
    let wanted = [folded(field)] + (synonyms[field] ?? [])
    for text in wanted {
      if let found = names.first(where: { $0 != field && folded($0) == text }) { return found }
    }
    return nil
  }

  private static func folded(_ name: String) -> String {
    name.lowercased().filter { $0.isLetter || $0.isNumber }
  }
}
