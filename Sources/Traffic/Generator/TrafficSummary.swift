import Attribution
import Codec

/// How many records of each kind and truth a generator has emitted: the known truth.
public struct TrafficSummary: Sendable, Equatable, CustomStringConvertible {
  private static let truths: [Truth] =
    [.ordinary, .duplicate, .late, .tooLate, .version]
    + RejectionReason.allCases.map { .malformed($0) }
  private var counts = Array(
    repeating: 0, count: EventKind.allCases.count * TrafficSummary.truths.count)

  public init() {}

  /// Counts one record.
  public mutating func add(_ kind: EventKind, _ truth: Truth) {
    counts[TrafficSummary.slot(kind, truth)] += 1
  }

  public func count(_ kind: EventKind, _ truth: Truth) -> Int {
    counts[TrafficSummary.slot(kind, truth)]
  }

  /// Over all kinds.
  public func count(_ truth: Truth) -> Int {
    EventKind.allCases.reduce(0) { $0 + count($1, truth) }
  }

  /// Records of this kind, whatever their truth.
  public func records(_ kind: EventKind) -> Int {
    TrafficSummary.truths.reduce(0) { $0 + count(kind, $1) }
  }

  /// All records.
  public var records: Int { counts.reduce(0, +) }

  /// Events of this kind that count: ordinary and late ones.
  public func accepted(_ kind: EventKind) -> Int { count(kind, .ordinary) + count(kind, .late) }

  /// Dead letters of this kind, whatever their reason.
  public func malformed(_ kind: EventKind) -> Int {
    RejectionReason.allCases.reduce(0) { $0 + count(kind, .malformed($1)) }
  }

  /// One line per kind.
  public var description: String {
    EventKind.allCases.map { kind in
      "\(kind)s: \(records(kind)) records, \(accepted(kind)) accepted "
        + (count(kind, .version) > 0 ? "and \(count(kind, .version)) of them replaced " : "")
        + "(\(count(kind, .late)) late), \(count(kind, .duplicate)) duplicates, "
        + "\(count(kind, .tooLate)) too late, \(malformed(kind)) malformed"
    }.joined(separator: "\n")
  }

  private static func slot(_ kind: EventKind, _ truth: Truth) -> Int {
    let column =
      switch truth {
      case .ordinary: 0
      case .duplicate: 1
      case .late: 2
      case .tooLate: 3
      case .version: 4
      case .malformed(.tooLarge): 5
      case .malformed(.malformedJSON): 6
      case .malformed(.missingField): 7
      case .malformed(.invalidField): 8
      case .malformed(.futureEvent): 9
      case .malformed(.wrongCurrency): 10
      case .malformed(.malformedAvro): 11
      case .malformed(.malformedProtobuf): 12
      case .malformed(.unknownSchema): 13
      }
    return Int(kind.rawValue) * truths.count + column
  }
}
