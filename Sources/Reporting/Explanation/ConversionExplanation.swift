import Attribution
import Codec

/// How one conversion came about: the user's touches, why each could or could not earn credit, and
/// who got how much under every model, revision by revision.
public struct ConversionExplanation: Sendable {
  /// A touch of the user, as an input topic holds it.
  public struct Touch: Sendable {
    public var touch: PublishedAttribution.Touch
    public var version: Int32
    public var isDeleted: Bool
    public var verdict: Verdict

    init(
      _ touch: PublishedAttribution.Touch, version: Int32 = 0, isDeleted: Bool = false,
      _ verdict: Verdict
    ) {
      self.touch = touch
      self.version = version
      self.isDeleted = isDeleted
      self.verdict = verdict
    }
  }

  /// A version of the conversion, as an input topic holds it.
  public struct Version: Sendable {
    public var number: Int32
    public var time: Milliseconds
    public var value: Micros
    public var isDeleted: Bool
    public var fate = VersionHistory.Fate.counts

    public init(number: Int32, time: Milliseconds, value: Micros, isDeleted: Bool) {
      self.number = number
      self.time = time
      self.value = value
      self.isDeleted = isDeleted
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
    /// Its event id came before, in the same version or a higher one.
    case duplicate
    /// A higher version has taken its place.
    case replaced(by: Int32)
    /// Its id was taken back.
    case deleted
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
      case .replaced(let version): "replaced by version \(version)"
      case .deleted: "deleted: it counts for nothing"
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
    public var version: Int32
    public var isDeleted: Bool

    /// The values of what `match_on` names.
    public var matchOn: [String] = []
    /// What `match_on` names and the conversion has other values of.
    public var differing: [String] = []

    public init(
      _ touch: PublishedAttribution.Touch, in partition: Int32? = nil, version: Int32 = 0,
      isDeleted: Bool = false
    ) {
      self.touch = touch
      self.partition = partition
      self.version = version
      self.isDeleted = isDeleted
    }
  }

  /// By time; those that are eligible in the order of their credits.
  public let touches: [Touch]
  /// Oldest first, as far as the topic still has them; at least one.
  public let revisions: [PublishedAttribution]
  public let definitions: Definitions
  /// What the input has of the conversion itself, in the order in which it came; empty where nothing was found.
  public let versions: [Version]

  /// How it stands now.
  public var attribution: PublishedAttribution { revisions[revisions.count - 1] }

  /// - Parameters:
  ///   - revisions: the conversion's records, oldest first; at least one.
  ///   - versions: records of the conversion, in the order in which they came.
  ///   - touches: touches of the user, in the order in which they came.
  ///   - partition: of the conversion; nil where it is not known.
  public init(
    revisions: [PublishedAttribution], versions: [Version] = [], touches: [FoundTouch],
    partition: Int32? = nil, _ definitions: Definitions
  ) {
    precondition(!revisions.isEmpty, "a conversion has a record")
    self.revisions = revisions
    self.definitions = definitions
    let attribution = revisions[revisions.count - 1]
    self.versions = Self.judged(versions, attribution)
    var judge = Judge(attribution, definitions, partition)
    for found in touches { judge.note(found) }
    let fates = Self.fates(of: touches, attribution)
    var judged = zip(touches, fates).map { found, fate in
      Touch(
        found.touch, version: found.version, isDeleted: found.isDeleted,
        judge.verdict(on: found, fate))
    }
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
    let restated = current.touches.filter { touch in
      previous.touches.contains { $0.eventID.utf8.elementsEqual(touch.eventID.utf8) && $0 != touch }
    }
    var sentences = ownChanges(previous, current)
    if current.isDeleted { return sentences.isEmpty ? ["published again"] : sentences }
    sentences += added.map { "\($0.kind) \($0.eventID) came late and takes its place" }
    sentences += restated.map { "\($0.kind) \($0.eventID) was restated" }
    sentences += removed.map { touch in
      let isDeleted = touches.contains {
        $0.verdict == .deleted && $0.touch.kind == touch.kind
          && $0.touch.eventID.utf8.elementsEqual(touch.eventID.utf8)
      }
      return "\(touch.kind) \(touch.eventID) "
        + (isDeleted ? "was deleted" : "is no longer eligible")
    }
    return sentences.isEmpty ? ["published again"] : sentences
  }

  /// What another version of the conversion itself has changed.
  private func ownChanges(
    _ previous: PublishedAttribution, _ current: PublishedAttribution
  ) -> [String] {
    if current.isDeleted != previous.isDeleted {
      return [
        current.isDeleted
          ? "deleted: it is worth nothing from now on" : "it is no longer deleted"
      ]
    }
    var sentences: [String] = []
    if current.value != previous.value {
      sentences.append(
        "its value is \(Money.format(current.value)), was \(Money.format(previous.value))")
    }
    if current.time != previous.time {
      sentences.append(
        "its time is \(Time.formatMilliseconds(current.time)), was "
          + Time.formatMilliseconds(previous.time))
    }
    return sentences
  }

  private static func judged(
    _ versions: [Version], _ attribution: PublishedAttribution
  ) -> [Version] {
    var history = VersionHistory()
    for (index, version) in versions.enumerated() { history.add(version.number, index) }
    // What is published says whether the last of them was too late.
    while let last = history.last {
      let version = versions[last]
      let isPublished =
        version.isDeleted == attribution.isDeleted && version.time == attribution.time
        && (version.isDeleted || version.value == attribution.value)
      if isPublished || !history.leaveOutLast() { break }
    }
    return zip(versions, history.fates).map { version, fate in
      var version = version
      version.fate = fate
      return version
    }
  }

  /// What became of each touch as a version of others.
  private static func fates(
    of touches: [FoundTouch], _ attribution: PublishedAttribution
  ) -> [VersionHistory.Fate] {
    struct Identity: Hashable {
      var kind: EventKind
      var id: ByteString
    }
    func identity(_ touch: PublishedAttribution.Touch) -> Identity {
      Identity(kind: touch.kind, id: ByteString(touch.eventID))
    }
    let eligible = Set(attribution.touches.map(identity))
    let indexes = Dictionary(grouping: touches.indices) { identity(touches[$0].touch) }
    var fates = Array(repeating: VersionHistory.Fate.counts, count: touches.count)
    for (identity, indexes) in indexes where indexes.count > 1 {
      var history = VersionHistory()
      for (position, index) in indexes.enumerated() {
        history.add(touches[index].version, position)
      }
      // One that is credited was not taken back: the deletion was too late.
      while eligible.contains(identity), let last = history.last,
        touches[indexes[last]].isDeleted, history.leaveOutLast()
      {}
      for (index, fate) in zip(indexes, history.fates) { fates[index] = fate }
    }
    return fates
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

    mutating func verdict(on found: FoundTouch, _ fate: VersionHistory.Fate) -> Verdict {
      let (touch, place) = (found.touch, found.partition)
      let identity = Self.identity(touch)
      seen.insert(identity)
      switch fate {
      case .counts: break
      case .replaced(let version): return .replaced(by: version)
      case .duplicate: return .duplicate
      case .notCounted: return .notCounted
      }
      if found.isDeleted { return .deleted }
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
