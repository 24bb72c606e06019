import Attribution

/// The records of files that did not count, by reason, and where the first of them are.
public struct SetAside: Sendable {
  public struct Example: Sendable, Equatable {
    public let kind: EventKind
    /// `clicks.csv:17`.
    public let place: String
    /// The contract's word for it.
    public let reason: String
    /// In words, if there is more to say.
    public let complaint: String?
  }

  private static let mostExamples = 10

  /// Records that can never be used.
  public private(set) var deadLetters: [EventKind: [String: Int]] = [:]
  /// The first dead letters.
  public private(set) var examples: [Example] = []
  /// The first event that came too late, of each kind.
  public private(set) var tooLate: [EventKind: String] = [:]

  mutating func add(
    _ kind: EventKind, reason: String, isTooLate: Bool,
    _ origin: (place: String, complaint: String?)
  ) {
    guard !isTooLate else {
      if tooLate[kind] == nil { tooLate[kind] = origin.place }
      return
    }
    deadLetters[kind, default: [:]][reason, default: 0] += 1
    guard examples.count < SetAside.mostExamples else { return }
    examples.append(
      Example(kind: kind, place: origin.place, reason: reason, complaint: origin.complaint))
  }
}
