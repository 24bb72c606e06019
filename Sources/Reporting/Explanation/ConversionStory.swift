import Attribution
import Codec

/// How one conversion came about: the user's touches, why each could or could not earn credit, and
/// who got how much under every model, revision by revision.
public struct ConversionStory: Sendable {
  /// A touch of the user, as an input topic holds it.
  public struct Touch: Sendable {
    public var touch: PublishedAttribution.Touch
    public var verdict: Verdict

    init(_ touch: PublishedAttribution.Touch, _ verdict: Verdict) {
      self.touch = touch
      self.verdict = verdict
    }
  }

  /// Why a touch could or could not earn credit.
  public enum Verdict: Equatable, Sendable {
    case eligible
    case afterConversion(Milliseconds)
    /// By how much it is too early.
    case beforeLookback(Milliseconds)
    case kindEarnsNothing
    /// These fields, which must match, have other values than the conversion's.
    case otherValues(of: [String])
    /// An impression, where clicks are eligible and take all.
    case clicksTakeAll
    /// So many later ones share the credit already.
    case surpassed(Int)
    /// Its user stands for nobody.
    case userIsNobody
    /// Its event id came before.
    case duplicate
    /// It would be eligible, but lies in another partition than the conversion, so that they do not meet.
    case inOtherPartition(Int32)
    /// It would be eligible, but was not counted: it came too late, or has not been processed yet.
    case notCounted

    /// One short phrase for a person.
    public var text: String {
      switch self {
      case .eligible: "eligible"
      case .afterConversion(let by): "after the conversion, by \(Self.length(by))"
      case .beforeLookback(let by): "too early, by \(Self.length(by))"
      case .kindEarnsNothing: "impressions earn no credit here"
      case .otherValues(let names): "another \(names.joined(separator: " and ")) (match_on)"
      case .clicksTakeAll: "clicks take all"
      case .surpassed(let limit): "the last \(limit) take all (max_touches)"
      case .userIsNobody: "the user stands for nobody (unmatched_users)"
      case .duplicate: "a duplicate"
      case .inOtherPartition(let partition):
        "not counted: it lies in partition \(partition), the conversion in another; is the topic keyed by "
          + "user_id, with the same partitioner?"
      case .notCounted: "not counted: too late, or not processed yet"
      }
    }

    private static func length(_ milliseconds: Milliseconds) -> String {
      let seconds = milliseconds / 1_000
      return switch seconds {
      case ..<60: "\(Money.format(milliseconds * 1_000).dropLast(3)) s"
      case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
      case ..<86_400: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
      default: "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
      }
    }
  }

  /// A touch of the user, and where it was found.
  public struct FoundTouch: Sendable {
    public var touch: PublishedAttribution.Touch
    /// Nil where it does not matter.
    public var partition: Int32?

    /// The values of what `match_on` names.
    public var matchOn: [String] = []
    /// What `match_on` names and the conversion has other values of.
    public var differing: [String] = []

    public init(_ touch: PublishedAttribution.Touch, in partition: Int32? = nil) {
      self.touch = touch
      self.partition = partition
    }
  }

  /// By time; those that are eligible in the order of their credits.
  public let touches: [Touch]
  /// Oldest first, as far as the topic still has them; at least one.
  public let revisions: [PublishedAttribution]
  public let definitions: Definitions

  /// How it stands now.
  public var attribution: PublishedAttribution { revisions[revisions.count - 1] }

  /// - Parameters:
  ///   - revisions: the conversion's records, oldest first; at least one.
  ///   - touches: touches of the user, in the order in which they came.
  ///   - partition: of the conversion; nil where it is not known.
  public init(
    revisions: [PublishedAttribution], touches: [FoundTouch], partition: Int32? = nil,
    _ definitions: Definitions
  ) {
    precondition(!revisions.isEmpty, "a conversion has a record")
    self.revisions = revisions
    self.definitions = definitions
    let attribution = revisions[revisions.count - 1]
    var judge = Judge(attribution, definitions, partition)
    for found in touches { judge.note(found) }
    var judged = touches.map { Touch($0.touch, judge.verdict(on: $0.touch, in: $0.partition)) }
    // The inputs may have forgotten what the record still tells.
    for touch in attribution.touches where !judge.hasSeen(touch) {
      judged.append(Touch(touch, .eligible))
    }
    self.touches = judged.sorted { left, right in
      if left.touch.time != right.touch.time { return left.touch.time < right.touch.time }
      return left.touch.eventID.utf8.lexicographicallyPrecedes(right.touch.eventID.utf8)
    }
  }

  /// What a revision changed against the one before it, in sentences.
  ///
  /// - Parameter index: of the revision, among `revisions`.
  public func changes(ofRevision index: Int) -> [String] {
    let current = revisions[index]
    guard index > 0 else {
      return [
        current.revision == 1
          ? "credited for the first time" : "older revisions have been compacted away"
      ]
    }
    let previous = revisions[index - 1]
    func names(_ attribution: PublishedAttribution) -> Set<[UInt8]> {
      Set(attribution.touches.map { Array($0.eventID.utf8) })
    }
    let before = names(previous)
    let after = names(current)
    let added = current.touches.filter { !before.contains(Array($0.eventID.utf8)) }
    let removed = previous.touches.filter { !after.contains(Array($0.eventID.utf8)) }
    let sentences =
      added.map { "\($0.kind) \($0.eventID) came late and takes its place" }
      + removed.map { "\($0.kind) \($0.eventID) is no longer eligible" }
    return sentences.isEmpty ? ["published again"] : sentences
  }

  /// Decides on touches one after the other, in the order in which they came.
  private struct Judge {
    private let attribution: PublishedAttribution
    private let definitions: Definitions
    private let eligible: Set<[UInt8]>
    private let hasClicks: Bool
    private var differing: [[UInt8]: [String]] = [:]
    private var seen: Set<[UInt8]> = []
    private let partition: Int32?

    init(
      _ attribution: PublishedAttribution, _ definitions: Definitions, _ partition: Int32?
    ) {
      self.partition = partition
      self.attribution = attribution
      self.definitions = definitions
      eligible = Set(attribution.touches.map(Self.identity))
      hasClicks = attribution.touches.contains { $0.kind == .click }
    }

    /// Takes note of what a touch does not have in common with the conversion.
    mutating func note(_ found: FoundTouch) {
      if !found.differing.isEmpty { differing[Self.identity(found.touch)] = found.differing }
    }

    func hasSeen(_ touch: PublishedAttribution.Touch) -> Bool {
      seen.contains(Self.identity(touch))
    }

    mutating func verdict(
      on touch: PublishedAttribution.Touch, in place: Int32?
    ) -> Verdict {
      let identity = Self.identity(touch)
      guard seen.insert(identity).inserted else { return .duplicate }
      if eligible.contains(identity) { return .eligible }
      let age = attribution.time - touch.time
      let lookback =
        touch.kind == .click ? definitions.lookback : definitions.impressionLookback
      if age < 0 { return .afterConversion(-age) }
      if !definitions.touchKinds.contains(touch.kind) { return .kindEarnsNothing }
      if age > lookback { return .beforeLookback(age - lookback) }
      if let names = differing[identity] { return .otherValues(of: names) }
      if touch.kind == .impression, definitions.preferClicks, hasClicks { return .clicksTakeAll }
      if let partition, let place, partition != place { return .inOtherPartition(place) }
      if attribution.isTruncated, let first = attribution.touches.first, isBefore(touch, first) {
        return .surpassed(attribution.touches.count)
      }
      if isNobody { return .userIsNobody }
      return .notCounted
    }

    private var isNobody: Bool {
      definitions.unmatchedUsers.contains { $0.utf8.elementsEqual(attribution.userID.utf8) }
    }

    private func isBefore(
      _ left: PublishedAttribution.Touch, _ right: PublishedAttribution.Touch
    ) -> Bool {
      left.time != right.time
        ? left.time < right.time : ByteString(left.eventID) < ByteString(right.eventID)
    }

    private static func identity(_ touch: PublishedAttribution.Touch) -> [UInt8] {
      [touch.kind.rawValue] + Array(touch.eventID.utf8)
    }
  }
}
