import Attribution

/// The numbers that should have been published, by brute force: keep every event, group by user, sort,
/// scan. It shares no code with the engine, so that the two do not share a mistake.
///
/// Give it every event that is valid and not too late, of each kind in partition order, then ask. Any
/// number of questions and further events may alternate. Memory: about 160 bytes per event with short
/// ids. Time: O(n log n) per question.
public struct Oracle: Sendable {
  public let definitions: Definitions

  /// What became of an event.
  public enum Finding: Sendable, Equatable {
    /// The first with its id.
    case new
    /// A higher version than any before it: counts in the place of the one that counted.
    case replacement
    /// Changes nothing.
    case duplicate
  }

  /// A touch or conversion with numbers for its names.
  struct Entry {
    var time: Milliseconds
    var amount: Micros
    var eventID: UInt32
    /// A user id together with the values of `match_on`.
    var user: UInt32
    var userID: UInt32
    var campaign: UInt32
    var channel: UInt32
    var ad: UInt32
    var session: UInt32
    var kind: EventKind
    var version: Int32
    var isDeleted: Bool
    var dimensions: [UInt32]
    var conversionDimensions: [UInt32]
    var matchOn: [UInt32]

    /// Whose it is: an id belongs to one user, that of a cost to one campaign.
    var owner: UInt32 { kind == .cost ? campaign : user }
  }

  var names = NameTable()
  let emptyName: UInt32
  /// Of every id of a kind the version that counts, in the order in which the ids came.
  private var entries: [[Entry]] = Array(repeating: [], count: EventKind.allCases.count)
  /// Where an id stands there, by kind.
  private var positions = Array(repeating: [UInt32: Int](), count: EventKind.allCases.count)
  private var replacementCounts = Array(repeating: 0, count: EventKind.allCases.count)
  private var duplicateCounts = Array(repeating: 0, count: EventKind.allCases.count)

  var touches: [Entry] { counting(.impression) + counting(.click) }
  /// Conversions that are worth something, and those that were taken back.
  var conversions: [Entry] { entries[Int(EventKind.conversion.rawValue)] }
  var costs: [Entry] { counting(.cost) }

  private func counting(_ kind: EventKind) -> [Entry] {
    entries[Int(kind.rawValue)].filter { !$0.isDeleted }
  }

  public init(definitions: Definitions) {
    self.definitions = definitions
    emptyName = names.number(of: "")
  }

  /// Takes one event.
  ///
  /// Of one id the highest version counts, of equal versions the first. The first event says whose the id is.
  @discardableResult
  public mutating func add(_ event: OracleEvent) -> Finding {
    let kind = Int(event.kind.rawValue)
    let eventID = names.number(of: event.eventID)
    let entry = Entry(
      time: event.time, amount: event.amount, eventID: eventID,
      user: names.number(of: Oracle.user(of: event)), userID: names.number(of: event.userID),
      campaign: names.number(of: event.campaignID),
      channel: names.number(of: event.channel), ad: names.number(of: event.adID),
      session: names.number(of: event.sessionID), kind: event.kind, version: event.version,
      isDeleted: event.isDeleted,
      dimensions: event.dimensions.map { names.number(of: $0) },
      conversionDimensions: event.conversionDimensions.map { names.number(of: $0) },
      matchOn: event.matchOn.map { names.number(of: $0) })
    guard let position = positions[kind][eventID] else {
      positions[kind][eventID] = entries[kind].count
      entries[kind].append(entry)
      return .new
    }
    guard entry.version > entries[kind][position].version,
      entry.owner == entries[kind][position].owner
    else {
      duplicateCounts[kind] += 1
      return .duplicate
    }
    entries[kind][position] = entry
    replacementCounts[kind] += 1
    return .replacement
  }

  /// The time of the version that counts of an id; nil of one that is unknown.
  public func time(of eventID: String, _ kind: EventKind) -> Milliseconds? {
    names.number(ofKnown: eventID).flatMap { positions[Int(kind.rawValue)][$0] }.map {
      entries[Int(kind.rawValue)][$0].time
    }
  }

  /// One text for a user id and the values of `match_on`, which tells where each of them ends.
  private static func user(of event: OracleEvent) -> String {
    guard !event.matchOn.isEmpty else { return event.userID }
    return ([event.userID] + event.matchOn).map { "\($0.utf8.count):\($0)" }.joined()
  }

  /// Ids of this kind that were accepted, those taken back included.
  public func accepted(_ kind: EventKind) -> Int { entries[Int(kind.rawValue)].count }

  /// Events of this kind that took the place of another version.
  public func replacements(_ kind: EventKind) -> Int { replacementCounts[Int(kind.rawValue)] }

  /// Conversions that count for something.
  var conversionCount: Int { conversions.count { !$0.isDeleted } }

  /// Events of this kind whose id had been seen, in the same version or a higher one.
  public func duplicates(_ kind: EventKind) -> Int { duplicateCounts[Int(kind.rawValue)] }

  /// The value of all conversions that count, in micros.
  public var totalValue: Int128 {
    conversions.filter { !$0.isDeleted }.reduce(0) { $0 + Int128($1.amount) }
  }
}
