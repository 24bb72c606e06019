import Attribution

/// What rollups in Avro have in common, formatted once.
final class RollupAvroForm {
  /// By view: the frame and the view's name.
  private var heads = StringPool()
  /// By view, for each dimension of the schema: which of the view's it is; -1 for none.
  private var places: [[Int]] = []
  private var currency = RecordBuffer(capacity: 16)
  private let modelCount: Int
  private let dimensionCount: Int

  init(_ definitions: Definitions, schema: Int32) {
    let dimensions = definitions.allDimensions
    dimensionCount = dimensions.count
    modelCount = definitions.models.count
    for view in definitions.views {
      heads.append { head in
        head.put(avroFrame: schema)
        head.put(avroText: view.name)
      }
      places.append(dimensions.map { view.dimensions.firstIndex(of: $0) ?? -1 })
    }
    currency.put(avroText: definitions.currency)
  }

  /// Appends a rollup, fields in the order of the schema.
  func put(
    _ rollup: RollupRevision, _ layout: SumsLayout, _ unescaped: inout [UInt8],
    into record: inout RecordBuffer
  ) {
    record.put(heads[rollup.view])
    for dimension in 0..<dimensionCount {
      let place = places[rollup.view][dimension]
      record.put(avroLong: place < 0 ? 0 : 1)
      guard place >= 0 else { continue }
      let name = Self.name(place, of: rollup.names)
      guard name.buffer.contains(ASCII.percent) else {
        record.put(avroText: name)
        continue
      }
      unescaped.removeAll(keepingCapacity: true)
      PercentEncoding.appendDecoded(name.buffer, to: &unescaped)
      unescaped.withUnsafeBytes { record.put(avroText: BorrowedBytes($0)) }
    }
    record.put(avroLong: rollup.windowStart)
    record.put(avroLong: rollup.windowEnd)
    record.put(avroLong: rollup.sums[SumsLayout.impressions])
    record.put(avroLong: rollup.sums[SumsLayout.clicks])
    record.put(avroLong: rollup.sums[SumsLayout.users])
    record.put(avroLong: rollup.sums[SumsLayout.sessions])
    for model in 0..<modelCount {
      record.put(avroLong: 1)
      record.put(avroDecimal: rollup.sum(layout.credit(model)))
    }
    for model in 0..<modelCount {
      record.put(avroLong: 1)
      record.put(avroDecimal: rollup.sum(layout.revenue(model)))
    }
    record.put(avroDecimal: rollup.sum(SumsLayout.spend))
    record.put(currency)
    record.put(avroFlag: rollup.isFinal)
    record.put(avroLong: rollup.number)
    record.put(avroLong: rollup.watermark == nil ? 0 : 1)
    if let watermark = rollup.watermark { record.put(avroLong: watermark) }
  }

  /// One of the values that bars separate, as it is spelled.
  private static func name(_ number: Int, of names: BorrowedBytes) -> BorrowedBytes {
    var start = 0
    for _ in 0..<number {
      while start < names.count, names[start] != ASCII.bar { start += 1 }
      start = min(start + 1, names.count)
    }
    var end = start
    while end < names.count, names[end] != ASCII.bar { end += 1 }
    return BorrowedBytes(start: names.start + start, count: end - start)
  }
}
