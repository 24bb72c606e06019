import Attribution
import Codec
import Reporting

extension StarTables {
  func apply(_ batch: SinkBatch, _ writer: any TableWriter) throws(SQLError) {
    let counted = batch.events.counted
    let attributions = batch.attributions.values.compactMap { $0 }.filter { !$0.isDeleted }
    let credits = attributions.flatMap(creditRows)
    try putMembers(of: counted, attributions, writer)
    try removeFormer(batch.events, writer)
    try put(counted.filter(\.kind.isTouch), into: touches, writer, touchRow)
    try put(counted.filter { $0.kind == .conversion }, into: conversions, writer, conversionRow)
    try put(counted.filter { $0.kind == .cost }, into: costs, writer, costRow)
    try writer.remove(
      batch.attributions.keys.map { [.text(String(decoding: $0, as: UTF8.self))] },
      by: ["conversion_id"], from: Self.credits)
    try writer.put(credits, into: Self.credits)
  }

  private func removeFormer(
    _ changes: EventChanges, _ writer: any TableWriter
  ) throws(SQLError) {
    let former = Dictionary(grouping: changes.former, by: \.kind)
    let goneTouches = ((former[.impression] ?? []) + (former[.click] ?? [])).map {
      key -> [SQLValue] in [.text("\(key.kind)"), .text(key.id.text)]
    }
    try writer.remove(goneTouches, by: ["kind", "event_id"], from: touches)
    func ids(_ kind: EventKind) -> [[SQLValue]] {
      (former[kind] ?? []).map { [.text($0.id.text)] }
    }
    try writer.remove(ids(.conversion), by: ["conversion_id"], from: conversions)
    try writer.remove(ids(.cost), by: ["event_id"], from: costs)
  }

  private func put(
    _ events: [PublishedEvent], into table: Table, _ writer: any TableWriter,
    _ row: (PublishedEvent) -> [SQLValue]
  ) throws(SQLError) {
    // An id that was taken again on the same day has one row: that of the last event.
    var rows: [[ByteString]: [SQLValue]] = [:]
    for event in events.reversed() {
      let key = ["\(event.kind)", event.eventID, "\(event.time.day)"].map { ByteString($0) }
      rows[key] = rows[key] ?? row(event)
    }
    try writer.put(Array(rows.values), into: table)
  }

  // MARK: Rows

  private func touchRow(_ event: PublishedEvent) -> [SQLValue] {
    [
      .text("\(event.kind)"), .text(event.eventID), .date(event.time), .time(event.time),
      .text(event.userID), .text(event.sessionID), .name(event.campaignID), .name(event.channel),
      .name(event.adID), .integer(event.amount), .boolean(event.isLate), .integer(event.version),
    ] + event.values.map { .text($0) }
  }

  private func conversionRow(_ event: PublishedEvent) -> [SQLValue] {
    [
      .text(event.eventID), .date(event.time), .time(event.time), .text(event.userID),
      .integer(event.amount), .boolean(event.isLate), .integer(event.version),
    ] + event.values.map { .text($0) }
  }

  private func costRow(_ event: PublishedEvent) -> [SQLValue] {
    [
      .text(event.eventID), .date(event.time), .time(event.time), .name(event.campaignID),
      .name(event.channel), .name(event.adID), .integer(event.amount), .boolean(event.isLate),
      .integer(event.version),
    ] + event.values.map { .text($0) }
  }

  /// A row per model and touch; of a conversion that no touch earned, one per model, so that sums hold everything.
  private func creditRows(_ attribution: PublishedAttribution) -> [[SQLValue]] {
    var rows: [[SQLValue]] = []
    for (model, credits) in attribution.credits {
      let revenues = attribution.revenues[model] ?? []
      let head: [SQLValue] = [.text(attribution.conversionID), .text(model)]
      let times: [SQLValue] = [.date(attribution.time), .time(attribution.time)]
      if attribution.touches.isEmpty {
        rows.append(
          head + [.integer(0)] + times + [.null, .null, .null]
            + Array(repeating: .text(unattributedName), count: 3)
            + [.integer(1_000_000), .integer(attribution.value)])
      }
      for (index, touch) in attribution.touches.enumerated() {
        rows.append(
          head + [.integer(Int64(index) + 1)] + times
            + [
              .text("\(touch.kind)"), .text(touch.eventID), .time(touch.time),
              .name(touch.campaignID), .name(touch.channel), .name(touch.adID),
              .integer(credits[index]), .integer(index < revenues.count ? revenues[index] : 0),
            ])
      }
    }
    return rows
  }
}

extension SQLValue {
  /// A touch's name as rollups spell it, so that tables can be joined.
  fileprivate static func name(_ name: String) -> SQLValue { .text(publishedName(name)) }
}
