import Codec

extension Report {
  /// RFC 4180, with a header; lines end with CR LF.
  ///
  /// Every line tells day, zone, state and revision, so that files of several days can be put
  /// together; `line` tells items from what is unattributed and from the total.
  public var csv: String {
    let header =
      ["day", "timezone", "state", "revision", "line", request.dimension.rawValue]
      + columns.map(\.name)
    let rows = allLines.map { line in
      [
        request.day.description, request.calendar.identifier, state, "\(revision)",
        line.kind.rawValue, line.name,
      ] + columns.map { line.text($0) ?? "" }
    }
    var writer = CSVWriter()
    for line in [header] + rows { writer.line(line) }
    return writer.text
  }

  /// `final` or `provisional`.
  public var state: String { isFinal ? "final" : "provisional" }
}
