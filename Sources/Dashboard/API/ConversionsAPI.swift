import Attribution
import Codec
import Reporting
import Service

/// `/api/conversions` and `/api/paths`: the newest conversions one by one, and the ways that led to them.
///
/// What is held is bounded, so no question can cost more than a look at all of it.
struct ConversionsAPI: Sendable {
  let live: LiveBoard
  let conversions: LiveConversions

  /// The newest first.
  func list(
    _ request: HTTPRequest, _ board: RollupBoard, _ picture: LiveConversions.Picture
  ) throws -> [UInt8] {
    let query = try query(of: request, board)
    let found = try query.conversions(of: picture.index) { try request.work.check() }
    let newest = found.sorted {
      $0.time == $1.time ? [$0.id].precedesByBytes([$1.id]) : $0.time > $1.time
    }
    var writer = JSONWriter()
    writer.object { writer in
      append(query, picture, to: &writer)
      writer.field("count", found.count)
      writer.array("conversions", newest.prefix(query.limit)) { append($1, query, to: &$0) }
    }
    return writer.bytes
  }

  /// The most frequent first.
  func paths(
    _ request: HTTPRequest, _ board: RollupBoard, _ picture: LiveConversions.Picture
  ) throws -> [UInt8] {
    let query = try query(of: request, board)
    let check = { try request.work.check() }
    let sums = try PathSums(
      try query.conversions(of: picture.index, check: check), by: query.dimension, check: check)
    var writer = JSONWriter()
    writer.object { writer in
      append(query, picture, to: &writer)
      writer.field("by", query.dimension.rawValue)
      writer.field("count", sums.count)
      writer.field("unattributed", sums.unattributedCount)
      writer.field("path_count", sums.paths.count)
      writer.array("paths", sums.paths.prefix(query.limit)) { writer, path in
        writer.object { writer in
          writer.array("steps", path.steps) { $0.value($1) }
          writer.field("conversions", path.count)
          writer.decimal("value", path.value)
          writer.field("median_ms", path.medianDelay)
        }
      }
      writer.field("median_ms", sums.medianDelay)
      writer.array("times", sums.delayCounts.indices) { writer, index in
        writer.object { writer in
          writer.field("through_ms", index < PathSums.bounds.count ? PathSums.bounds[index] : nil)
          writer.field("conversions", sums.delayCounts[index])
        }
      }
    }
    return writer.bytes
  }

  private func query(of request: HTTPRequest, _ board: RollupBoard) throws -> ConversionsQuery {
    try ConversionsQuery(
      request.query, where: request.queryValues["where"] ?? [], board, live.definitions)
  }

  private func append(
    _ query: ConversionsQuery, _ picture: LiveConversions.Picture, to writer: inout JSONWriter
  ) {
    writer.field("currency", live.definitions.currency)
    writer.field("timezone", query.base.calendar.identifier)
    writer.field("from", Time.formatSeconds(query.base.range.lowerBound))
    writer.field("to", Time.formatSeconds(query.base.range.upperBound))
    writer.array("where", query.filters) { $0.value($1.description) }
    writer.object("held") { writer in
      writer.field("conversions", picture.index.conversions.count)
      writer.field("oldest", picture.index.oldest.map(Time.formatMilliseconds))
      writer.field("partial", picture.index.isPartial)
      writer.field("caught_up", picture.isCaughtUp)
    }
  }

  private func append(
    _ conversion: HeldConversion, _ query: ConversionsQuery, to writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.field("conversion_id", conversion.id)
      writer.field("event_time", Time.formatMilliseconds(conversion.time))
      writer.field("local", query.base.calendar.text(conversion.time))
      writer.decimal("value", conversion.value)
      writer.array("channels", conversion.touches) { $0.value($1.names[1]) }
      writer.field("delay_ms", conversion.delay)
      writer.object("models") { writer in
        for model in query.base.models {
          let share = conversion.share(model) { query.matcher.accepts(conversion.touches[$0]) }
          writer.object(live.definitions.models[model].rawValue) { writer in
            writer.decimal("credit", share.credit)
            writer.decimal("revenue", share.revenue)
          }
        }
      }
    }
  }
}
