import Attribution

/// An event with names of its own, for the oracle.
public struct OracleEvent: Sendable {
  public var kind: EventKind
  public var time: Milliseconds
  /// The touch's cost, the conversion's value, or the cost record's amount; 0 when absent.
  public var amount: Micros
  public var eventID: String
  /// Names that do not apply or are absent are "".
  public var userID: String
  public var campaignID: String
  public var channel: String
  public var adID: String
  public var sessionID: String
  /// Of events with the same id the one with the highest counts.
  public var version: Int32
  /// Whether it takes its id back.
  public var isDeleted: Bool
  /// What its time was before, where that is said.
  public var originalTime: Milliseconds?
  /// Of touches and costs, in the order of the definitions' list; the other two likewise.
  public var dimensions: [String]
  /// Of conversions.
  public var conversionDimensions: [String]
  public var matchOn: [String]

  public init(
    kind: EventKind, time: Milliseconds, amount: Micros = 0, eventID: String, userID: String = "",
    campaignID: String = "", channel: String = "", adID: String = "", sessionID: String = "",
    version: Int32 = 0, isDeleted: Bool = false, originalTime: Milliseconds? = nil,
    dimensions: [String] = [], conversionDimensions: [String] = [], matchOn: [String] = []
  ) {
    self.version = version
    self.isDeleted = isDeleted
    self.originalTime = originalTime
    self.kind = kind
    self.time = time
    self.amount = amount
    self.eventID = eventID
    self.userID = userID
    self.campaignID = campaignID
    self.channel = channel
    self.adID = adID
    self.sessionID = sessionID
    self.dimensions = dimensions
    self.conversionDimensions = conversionDimensions
    self.matchOn = matchOn
  }

  /// Lends the event to `body`, names and all, for one call.
  public func lend<Result>(_ body: (Event) throws -> Result) rethrows -> Result {
    let isConversion = kind == .conversion
    let values = isConversion ? matchOn + conversionDimensions : dimensions + matchOn
    let firstMatching = isConversion ? 0 : dimensions.count
    let names = [eventID, userID, campaignID, channel, adID, sessionID] + values
    let bytes = names.flatMap { Array($0.utf8) }
    return try bytes.withUnsafeBytes { buffer in
      var start = 0
      let lent = names.map { name in
        let end = start + name.utf8.count
        defer { start = end }
        return BorrowedBytes(UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
      }
      return try lent.withUnsafeBufferPointer { lent in
        var event = Event(
          kind: kind, time: time, amount: amount, eventID: lent[0], userID: lent[1],
          campaignID: lent[2], channel: lent[3], adID: lent[4], sessionID: lent[5],
          values: ConfiguredValues(
            start: lent.baseAddress! + 6, count: values.count,
            matching: firstMatching..<firstMatching + matchOn.count))
        event.version = version
        event.isDeleted = isDeleted
        event.originalTime = originalTime
        return try body(event)
      }
    }
  }

  /// Copies what `event` has been lent.
  public init(_ event: Event) {
    let values = (0..<event.values.count).map { event.values[$0].string }
    let matching = event.values.matching
    let isConversion = event.kind == .conversion
    self.init(
      kind: event.kind, time: event.time, amount: event.amount, eventID: event.eventID.string,
      userID: event.userID.string, campaignID: event.campaignID.string,
      channel: event.channel.string, adID: event.adID.string, sessionID: event.sessionID.string,
      version: event.version, isDeleted: event.isDeleted, originalTime: event.originalTime,
      dimensions: isConversion ? [] : Array(values[..<matching.lowerBound]),
      conversionDimensions: isConversion ? Array(values[matching.upperBound...]) : [],
      matchOn: Array(values[matching]))
  }
}
