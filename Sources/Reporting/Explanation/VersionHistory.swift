/// What became of the events with one id, in the order in which they came: of all versions the highest counts, of
/// equal ones the first.
public struct VersionHistory: Sendable {
  /// What became of one of them.
  public enum Fate: Equatable, Sendable {
    case counts
    /// A higher version has taken its place.
    case replaced(by: Int32)
    /// The same version, or a higher one, had come before.
    case duplicate
    /// It would count, but what is published says otherwise: it came too late, or has not been processed yet.
    case notCounted

    /// One short phrase for a person.
    public var text: String {
      switch self {
      case .counts: "counts"
      case .replaced(let version): "replaced by version \(version)"
      case .duplicate: "a duplicate"
      case .notCounted: "not counted: too late, or not processed yet"
      }
    }
  }

  /// One for each event.
  public private(set) var fates: [Fate] = []
  /// Those that have counted, one after the other: number and index.
  private var steps: [(version: Int32, index: Int)] = []

  /// The index of the one that counts.
  public var last: Int? { steps.last?.index }

  public init() {}

  /// Takes the next event.
  ///
  /// - Parameter index: how many came before it.
  public mutating func add(_ version: Int32, _ index: Int) {
    if let last = steps.last {
      guard version > last.version else { return fates.append(.duplicate) }
      fates[last.index] = .replaced(by: version)
    }
    fates.append(.counts)
    steps.append((version, index))
  }

  /// Says that the one that counts does not: the one before does.
  ///
  /// - Returns: false if there is none before, and nothing has changed.
  public mutating func leaveOutLast() -> Bool {
    guard steps.count > 1 else { return false }
    fates[steps.removeLast().index] = .notCounted
    fates[steps[steps.count - 1].index] = .counts
    return true
  }
}
