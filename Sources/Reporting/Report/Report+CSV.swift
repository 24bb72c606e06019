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
    return ([header] + rows).map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
  }

  /// `final` or `provisional`.
  public var state: String { isFinal ? "final" : "provisional" }

  private static func quoted(_ field: String) -> String {
    let special = [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    guard field.utf8.contains(where: special.contains) else { return field }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
