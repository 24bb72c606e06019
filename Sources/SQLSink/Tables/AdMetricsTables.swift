import Attribution
import Codec

/// Impressions, clicks and sessions by ad and hour, from the rollups, and the users behind them, from the deduped
/// stream.
///
/// `ad_metrics_events` holds where each touch counts among the users. Without it nobody could tell which hour a user
/// leaves when a version moves a touch, or takes it back: a record of the stream does not repeat what it replaces.
struct AdMetricsTables: TableGroup {
  static let name = "ad_metrics"
  static let hour: Milliseconds = 3_600_000

  private let view: View?

  init(_ definitions: Definitions) { view = definitions.adHourView }

  var source: String { view.map { "view \($0.name)" } ?? "" }
  var tables: [Table] { [Self.metrics, Self.users, Self.events] }

  private static let metrics = Table(
    name: "ad_metrics",
    columns: [
      .init("ad_id", .text), .init("hour", .time), .init("total_impressions", .integer),
      .init("total_clicks", .integer), .init("total_sessions", .integer),
    ], key: ["ad_id", "hour"], partitioning: .hash(by: "ad_id"), indexes: [["hour"]])

  private static let users = Table(
    name: "users",
    columns: [
      .init("ad_id", .text), .init("hour", .time), .init("user_id", .text),
      .init("touches", .integer),
    ], key: ["ad_id", "hour", "user_id"], partitioning: .hash(by: "ad_id"), sums: ["touches"])

  private static let events = Table(
    name: "ad_metrics_events",
    columns: [
      .init("kind", .text), .init("event_id", .text), .init("ad_id", .text), .init("hour", .time),
      .init("user_id", .text),
    ], key: ["kind", "event_id"], partitioning: .hash(by: "event_id"))

  func apply(_ batch: SinkBatch, _ writer: any TableWriter) throws(SQLError) {
    try applyHours(batch, writer)
    try applyUsers(batch.events, writer)
  }

  // MARK: Hours

  /// An hour has a row as long as a touch counts in it. A rollup of zeros has none: conversions and spend alone are
  /// not what the table is about.
  private func applyHours(_ batch: SinkBatch, _ writer: any TableWriter) throws(SQLError) {
    var rows: [[SQLValue]] = []
    var empty: [[SQLValue]] = []
    for (key, rollup) in batch.rollups where key.view == view?.name {
      let name: [SQLValue] = [.text(key.dimensions[0]), .time(key.windowStart)]
      let counts = [rollup?.sums.impressions, rollup?.sums.clicks, rollup?.sums.sessions]
        .map { $0 ?? 0 }
      if counts.allSatisfy({ $0 == 0 }) {
        empty.append(name)
      } else {
        rows.append(name + counts.map { .integer($0) })
      }
    }
    try writer.remove(empty, by: Self.metrics.key, from: Self.metrics)
    try writer.put(rows, into: Self.metrics)
  }

  // MARK: Users

  /// A user within an hour of an ad.
  private struct Presence: Hashable {
    var ad: ByteString
    var hour: Milliseconds
    var user: ByteString

    var values: [SQLValue] { [.text(ad.text), .time(hour), .text(user.text)] }
  }

  private func applyUsers(_ changes: EventChanges, _ writer: any TableWriter) throws(SQLError) {
    var touches: [Presence: Int64] = [:]
    var rows: [[SQLValue]] = []
    for event in changes.counted where event.kind.isTouch {
      touches[Self.presence(of: event), default: 0] += 1
    }
    for case (let key, let event?) in changes.events where key.kind.isTouch {
      rows.append([.text("\(key.kind)"), .text(key.id.text)] + Self.presence(of: event).values)
    }
    let former = changes.former.filter { $0.kind.isTouch }.map { key -> [SQLValue] in
      [.text("\(key.kind)"), .text(key.id.text)]
    }
    let left = try writer.remove(
      former, by: Self.events.key, from: Self.events, where: nil,
      returning: ["ad_id", "hour", "user_id"])
    for values in left {
      guard case .text(let ad) = values[0], case .time(let hour) = values[1],
        case .text(let user) = values[2]
      else { continue }
      let presence = Presence(ad: ByteString(ad), hour: hour, user: ByteString(user))
      touches[presence, default: 0] -= 1
    }
    try writer.put(rows, into: Self.events)
    let moved = touches.filter { $0.value != 0 }
    try writer.put(moved.map { $0.key.values + [.integer($0.value)] }, into: Self.users)
    // Whose last touch was taken back.
    try writer.remove(
      moved.filter { $0.value < 0 }.map(\.key.values), by: Self.users.key, from: Self.users,
      where: "touches <= 0")
  }

  private static func presence(of event: PublishedEvent) -> Presence {
    let remainder = event.time % hour
    let start = event.time - (remainder < 0 ? remainder + hour : remainder)
    return Presence(
      ad: ByteString(publishedName(event.adID)), hour: start, user: ByteString(event.userID))
  }
}
