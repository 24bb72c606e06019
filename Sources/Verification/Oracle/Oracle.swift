import Attribution

/// The numbers that should have been published, by brute force: keep every event, group by user, sort,
/// scan. It shares no code with the engine, so that the two do not share a mistake.
///
/// Give it every event that is valid and not too late, of each kind in partition order, then ask. Any
/// number of questions and further events may alternate. Memory: about 160 bytes per event with short
/// ids. Time: O(n log n) per question.
public struct Oracle: Sendable {
  public let definitions: Definitions

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
    var dimensions: [UInt32]
    var conversionDimensions: [UInt32]
    var matchOn: [UInt32]
  }

  var names = NameTable()
  let emptyName: UInt32
  private(set) var touches: [Entry] = []
  private(set) var conversions: [Entry] = []
  private(set) var costs: [Entry] = []
  /// Event ids seen, by kind.
  private var eventIDs = Array(repeating: Set<UInt32>(), count: EventKind.allCases.count)
  private var duplicateCounts = Array(repeating: 0, count: EventKind.allCases.count)

  public init(definitions: Definitions) {
    self.definitions = definitions
    emptyName = names.number(of: "")
  }

  /// Takes one event.
  ///
  /// - Returns: false when its kind already had an event with this id, and nothing changed.
  @discardableResult
  public mutating func add(_ event: OracleEvent) -> Bool {
    let kind = Int(event.kind.rawValue)
    let eventID = names.number(of: event.eventID)
    guard eventIDs[kind].insert(eventID).inserted else {
      duplicateCounts[kind] += 1
      return false
    }
    let entry = Entry(
      time: event.time, amount: event.amount, eventID: eventID,
      user: names.number(of: Oracle.user(of: event)), userID: names.number(of: event.userID),
      campaign: names.number(of: event.campaignID),
      channel: names.number(of: event.channel), ad: names.number(of: event.adID),
      session: names.number(of: event.sessionID), kind: event.kind,
      dimensions: event.dimensions.map { names.number(of: $0) },
      conversionDimensions: event.conversionDimensions.map { names.number(of: $0) },
      matchOn: event.matchOn.map { names.number(of: $0) })
    switch event.kind {
    case .impression, .click: touches.append(entry)
    case .conversion: conversions.append(entry)
    case .cost: costs.append(entry)
    }
    return true
  }

  /// One text for a user id and the values of `match_on`, which tells where each of them ends.
  private static func user(of event: OracleEvent) -> String {
    guard !event.matchOn.isEmpty else { return event.userID }
    return ([event.userID] + event.matchOn).map { "\($0.utf8.count):\($0)" }.joined()
  }

  /// Events of this kind that count.
  public func accepted(_ kind: EventKind) -> Int { eventIDs[Int(kind.rawValue)].count }

  /// Events of this kind whose id had been seen.
  public func duplicates(_ kind: EventKind) -> Int { duplicateCounts[Int(kind.rawValue)] }

  /// The value of all accepted conversions, in micros.
  public var totalValue: Int128 { conversions.reduce(0) { $0 + Int128($1.amount) } }
}
