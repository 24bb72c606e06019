import Attribution
import Codec

/// Writes the rows of a table as the JSON objects that the input topics hold: every value a string,
/// empty ones left out.
///
/// A time of digits alone is written as the number of milliseconds that it is, and `deleted` as `true` or `false`
/// where a database or a spreadsheet has 1 or 0, or another spelling.
struct RowEncoder {
  /// What each column of the table is for; nil for one that is left out.
  let isUsed: [Bool]
  private let columns: [(name: [UInt8], column: Int, form: Form)]
  private(set) var bytes: [UInt8] = []

  /// What a column's values are.
  private enum Form {
    case text, time, truth

    init(_ field: String) {
      switch field {
      case "event_time", "original_time": self = .time
      case "deleted": self = .truth
      default: self = .text
      }
    }
  }

  init(_ bindings: [(field: String, column: Int)], columnCount: Int) {
    var isUsed = Array(repeating: false, count: columnCount)
    columns = bindings.map { field, column in
      isUsed[column] = true
      return (Array("\"\(field)\":".utf8), column, Form(field))
    }
    self.isUsed = isUsed
  }

  /// Makes `bytes` the row's object.
  ///
  /// - Parameter value: lends a column's value, nil when it has none.
  mutating func encode(_ value: (Int) -> BorrowedBytes?) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(UInt8(ascii: "{"))
    for (name, column, form) in columns {
      guard let text = value(column), !text.isEmpty else { continue }
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: name)
      if form == .time, RowEncoder.isInteger(text) {
        bytes.append(contentsOf: text.buffer)
      } else if form == .truth, let truth = RowEncoder.truth(text) {
        bytes.append(contentsOf: (truth ? "true" : "false").utf8)
      } else {
        bytes.appendJSONString(text)
      }
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// What a truth value says in whatever spelling; nil for anything else.
  private static func truth(_ text: BorrowedBytes) -> Bool? {
    switch text.string.lowercased() {
    case "true", "t", "1": true
    case "false", "f", "0": false
    default: nil
    }
  }

  /// Whether the text is an integer as JSON writes it.
  private static func isInteger(_ text: BorrowedBytes) -> Bool {
    let start = text[0] == UInt8(ascii: "-") ? 1 : 0
    guard text.count > start else { return false }
    for index in start..<text.count where !(0x30...0x39).contains(text[index]) { return false }
    return text[start] != 0x30 || text.count == start + 1
  }
}
