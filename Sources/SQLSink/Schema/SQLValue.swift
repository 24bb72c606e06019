import Attribution
import Codec
import Reporting

/// A value on its way into a column.
enum SQLValue: Equatable {
  /// A sum of amounts.
  static func sum(_ sum: MicrosSum) -> SQLValue {
    Int64(exactly: sum).map { .integer($0) } ?? .wideInteger(sum)
  }

  case null
  case integer(Int64)
  /// A whole number that 64 bits do not hold.
  case wideInteger(Int128)
  case text(String)
  /// Text that is JSON; names in it are as the column types want them.
  case json(String)
  case boolean(Bool)
  case time(Milliseconds)
  /// The day in UTC that a time belongs to.
  case date(Milliseconds)

  /// A day as RFC 3339 writes it.
  static func text(ofDay time: Milliseconds) -> String {
    String(Time.formatSeconds(time).prefix { $0 != "T" })
  }
}

extension Rollup {
  /// The values of all of the table's columns.
  func values(_ definitions: Definitions, _ columns: RollupColumns) -> [SQLValue] {
    var values = key.values(definitions, columns)
    values.append(.time(windowEnd))
    for count in [sums.impressions, sums.clicks, sums.users, sums.sessions] {
      values.append(.integer(count))
    }
    values.append(.sum(sums.spend))
    for model in Model.allCases {
      if let index = definitions.models.firstIndex(of: model) {
        values.append(.integer(sums.credits[index]))
        values.append(.sum(sums.revenues[index]))
      } else {
        values.append(.null)
        values.append(.null)
      }
    }
    values.append(.text(definitions.currency))
    values.append(.boolean(isFinal))
    values.append(.integer(revision))
    return values
  }
}

extension RollupKey {
  /// The values of the key's columns.
  func values(_ definitions: Definitions, _ columns: RollupColumns) -> [SQLValue] {
    let view = definitions.views.first { $0.name == self.view }?.dimensions ?? []
    return [.text(self.view), .time(windowStart)] + columns.values(dimensions, of: view)
  }
}

extension PublishedAttribution {
  /// The values of `Schema.attributionColumns`.
  var values: [SQLValue] {
    [
      .text(conversionID), .text(userID), .time(time), .integer(value), .text(currency),
      .integer(Int64(touches.count)), .json(touchesJSON), .json(Self.json(credits)),
      .json(Self.json(revenues)), .integer(revision), .boolean(isDeleted),
    ]
  }

  private var touchesJSON: String {
    var writer = JSONWriter()
    writer.array(touches) { writer, touch in
      writer.object { writer in
        writer.field("event_id", touch.eventID)
        writer.field("kind", touch.kind == .click ? "click" : "impression")
        writer.field("event_time", Time.formatMilliseconds(touch.time))
        writer.field("campaign_id", touch.campaignID)
        writer.field("channel", touch.channel)
        writer.field("ad_id", touch.adID)
      }
    }
    return writer.text
  }

  private static func json(_ rows: [String: [Int64]]) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      for (model, row) in rows.sorted(by: { $0.key < $1.key }) {
        writer.array(model, row) { $0.decimal($1) }
      }
    }
    return writer.text
  }
}
