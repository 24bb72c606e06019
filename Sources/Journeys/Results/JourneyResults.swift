/// The shares of a conversion's sessions, and of which journey they are.
package struct CreditedJourney: Equatable, Sendable {
  package var conversionID: String
  package var fingerprint: String
  package var credits: [SessionCredit]
}

/// What is known of an answered conversion.
package struct AnsweredJourney: Equatable, Sendable {
  /// `ihc_heuristic`, or `ihc_api:` and the conversion type.
  package var model: String
  package var fingerprint: String
}

/// A row of the channel report.
package struct ChannelDay: Equatable, Sendable {
  package var channel: String
  /// The date of the conversions.
  package var day: JourneyDay
  /// In currency units, as all money here.
  package var cost: Double
  package var ihc: Double
  package var revenue: Double

  /// Cost per order; nil where no order is credited.
  package var costPerOrder: Double? { ihc > 0 ? cost / ihc : nil }
  /// Return on advertising spend; nil where nothing was spent.
  package var returnOnSpend: Double? { cost > 0 ? revenue / cost : nil }
}

/// The result tables, in either database. One thread uses them.
package protocol JourneyResults: AnyObject {
  /// Where the tables are, without secrets.
  var name: String { get }

  /// Whether the tables are there; creates nothing.
  func isPrepared() throws -> Bool

  /// Creates the tables, or adds the columns that they lack.
  func prepare() throws

  /// What is known of these conversions; those that were never answered are missing.
  func answered(_ conversionIDs: [String]) throws -> [String: AnsweredJourney]

  /// Puts the shares of these conversions in the place of earlier ones, in one transaction.
  func save(_ journeys: [CreditedJourney], model: String) throws

  /// The stored shares of these conversions.
  func credits(_ conversionIDs: [String]) throws -> [String: [SessionCredit]]

  /// Puts these rows in the place of all rows of the selection's dates, in one transaction.
  func replaceReport(_ selection: JourneySelection, _ rows: [ChannelDay]) throws

  /// The rows of the selection's dates, by date and channel.
  func report(_ selection: JourneySelection) throws -> [ChannelDay]

  /// How many conversions have been answered by each model.
  func models() throws -> [String: Int]
}

/// Names and columns that both databases share.
enum ResultTables {
  static let shares = "attribution_customer_journey"
  static let report = "channel_reporting"
  static let ledger = "tributary_journeys"
  static let shareColumns = ["initializer", "holder", "closer"]

  /// - Parameters:
  ///   - real: the type of shares.
  ///   - money: the type of amounts.
  ///   - date: the type of dates.
  static func statements(real: String, money: String, date: String) -> [String] {
    [
      """
      CREATE TABLE IF NOT EXISTS \(shares) (conv_id TEXT NOT NULL, session_id TEXT NOT NULL, \
      initializer \(real), holder \(real), closer \(real), ihc \(real) NOT NULL, \
      PRIMARY KEY (conv_id, session_id))
      """,
      """
      CREATE TABLE IF NOT EXISTS \(report) (channel_name TEXT NOT NULL, date \(date) NOT NULL, \
      cost \(money) NOT NULL, ihc \(real) NOT NULL, ihc_revenue \(money) NOT NULL, \
      PRIMARY KEY (channel_name, date))
      """,
      """
      CREATE TABLE IF NOT EXISTS \(ledger) (conv_id TEXT NOT NULL PRIMARY KEY, \
      model TEXT NOT NULL, fingerprint TEXT NOT NULL)
      """,
    ]
  }

  static func row(
    channel: String, date: String, cost: Double, ihc: Double, revenue: Double, of name: String
  ) throws(JourneyError) -> ChannelDay {
    guard let day = JourneyDay(date.prefix(10)) else {
      throw JourneyError("\(name): \(report) has date \(ForeignText.quoted(date)), which is none")
    }
    return ChannelDay(channel: channel, day: day, cost: cost, ihc: ihc, revenue: revenue)
  }
}

extension JourneySelection {
  /// Before all dates, or the first.
  var lowerBound: String { from?.description ?? "" }
  /// Behind all dates, or the last.
  var upperBound: String { through?.description ?? "~" }
}
