import Attribution

/// One number or field that was published differently from what the events say. Never names a user.
public struct Discrepancy: Sendable, Equatable, CustomStringConvertible {
  /// The rollup or conversion that it is in.
  public var subject: String
  /// Which field, with its model.
  public var field: String
  public var expected: String
  public var published: String

  /// One line.
  public var description: String {
    "\(subject): \(field) should be \(expected), is \(published)"
  }
}

/// What a comparison found.
public struct ComparisonResult: Sendable, CustomStringConvertible {
  /// The first discrepancies, in the order of their subjects.
  public internal(set) var discrepancies: [Discrepancy] = []
  /// How many there are, listed or not.
  public internal(set) var total = 0
  /// How many rollups or conversions were looked at.
  public internal(set) var compared = 0
  let limit: Int

  public var agrees: Bool { total == 0 }

  /// One line per listed discrepancy and one for the rest.
  public var description: String {
    guard !agrees else { return "\(compared) compared, all agree" }
    var lines = discrepancies.map(\.description)
    if total > discrepancies.count { lines.append("… and \(total - discrepancies.count) more") }
    return (["\(compared) compared, \(total) discrepancies"] + lines).joined(separator: "\n")
  }

  mutating func expect(
    _ published: String, toBe expected: String, _ field: @autoclosure () -> String,
    of subject: @autoclosure () -> String
  ) {
    guard !published.utf8.elementsEqual(expected.utf8) else { return }
    add(field(), of: subject(), expected: expected, published: published)
  }

  mutating func expect(
    _ published: Int64, toBe expected: Int64, within slack: Int128 = 0,
    _ field: @autoclosure () -> String, of subject: @autoclosure () -> String
  ) {
    expect(Int128(published), toBe: Int128(expected), within: slack, field(), of: subject())
  }

  mutating func expect(
    _ published: Int128, toBe expected: Int128, within slack: Int128 = 0,
    _ field: @autoclosure () -> String, of subject: @autoclosure () -> String
  ) {
    guard (published - expected).magnitude > slack.magnitude else { return }
    add(field(), of: subject(), expected: "\(expected)", published: "\(published)")
  }

  private mutating func add(
    _ field: String, of subject: String, expected: String, published: String
  ) {
    total += 1
    guard discrepancies.count < limit else { return }
    discrepancies.append(
      Discrepancy(subject: subject, field: field, expected: expected, published: published))
  }
}
