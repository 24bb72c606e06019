import Codec

extension Report {
  /// Who is to read the CSV.
  public enum CSVReader: String, CaseIterable, Sendable {
    /// A spreadsheet, which takes text for a formula where it begins like one: such names get an apostrophe in front.
    case safe
    /// A program: names as they are.
    case raw
  }

  /// RFC 4180, with a header; lines end with CR LF.
  ///
  /// Every line tells days, zone, state and revision, so that files of several days can be put
  /// together; `line` tells items from what is unattributed and from the total.
  public func csv(for reader: CSVReader = .safe) -> String {
    let columns = columns
    let (titles, days) = dayColumns
    let header =
      titles + ["timezone", "state", "revision", "line"] + request.dimensions.map(\.rawValue)
      + columns.map(\.name)
    let rows = allLines.map { line in
      let names = line.kind == .total ? request.dimensions.map { _ in "" } : line.names
      return days + [request.calendar.identifier, state, "\(revision)", line.kind.rawValue]
        + names.map { reader == .safe ? CSVWriter.spreadsheetText($0) : $0 }
        + columns.map { line.text($0) ?? "" }
    }
    var writer = CSVWriter()
    for line in [header] + rows { writer.line(line) }
    return writer.text
  }

  /// One column for a day, two for a range, two more for what it is compared with.
  private var dayColumns: (titles: [String], values: [String]) {
    let days = request.days
    var titles = ["day"]
    var values = [days.lowerBound.description]
    if days.lowerBound != days.upperBound {
      titles = ["from", "to"]
      values.append(days.upperBound.description)
    }
    if let previous {
      titles += ["previous_from", "previous_to"]
      values += [previous.days.lowerBound.description, previous.days.upperBound.description]
    }
    return (titles, values)
  }

  /// `final` or `provisional`.
  public var state: String { isFinal ? "final" : "provisional" }
}
