import Attribution

/// Which journeys are wanted.
package struct JourneySelection: Equatable, Sendable {
  /// Dates of the conversions; nil for all.
  package var from: JourneyDay?
  /// The last date, which is included; nil for all.
  package var through: JourneyDay?
  /// How many days before a conversion a session may be; nil for any number.
  package var lookbackDays: Int?

  package init(
    from: JourneyDay? = nil, through: JourneyDay? = nil, lookbackDays: Int? = nil
  ) {
    self.from = from
    self.through = through
    self.lookbackDays = lookbackDays
  }

  func contains(_ day: JourneyDay) -> Bool {
    (from.map { $0 <= day } ?? true) && (through.map { day <= $0 } ?? true)
  }

  /// The same conversions with all of their sessions.
  var withoutLookback: JourneySelection { JourneySelection(from: from, through: through) }
}

/// Where conversions and the sessions before them come from.
package protocol JourneySource: AnyObject {
  /// Calls `body` with each conversion of the selection, those without any session too.
  ///
  /// The conversions of a user come one after another, and the order is the same every time.
  func forEachJourney(
    _ selection: JourneySelection, _ body: (Journey) throws -> Void) throws

  /// Calls `body` with the channel, date and cost of each session of these dates, in any order.
  func forEachCost(
    _ selection: JourneySelection, _ body: (String, JourneyDay, Micros) throws -> Void) throws

  /// About how many conversions the selection has, to show progress by.
  func estimatedCount(_ selection: JourneySelection) throws -> Int
}
