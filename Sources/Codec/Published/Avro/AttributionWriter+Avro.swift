import Attribution

/// Attributions in Avro.
final class AttributionAvroForm {
  private let schema: Int32
  private let modelCount: Int
  private var currency = RecordBuffer(capacity: 16)

  init(schema: Int32, models: [Model], currency: String) {
    self.schema = schema
    modelCount = models.count
    self.currency.put(avroText: currency)
  }

  /// Appends a conversion, fields in the order of the schema.
  func put(_ conversion: CreditedConversion, into record: inout RecordBuffer) {
    record.put(avroFrame: schema)
    record.put(avroText: conversion.conversionID)
    record.put(avroText: conversion.userID)
    record.put(avroLong: conversion.time)
    record.put(avroDecimal: Int128(conversion.value))
    record.put(currency)
    let touches = conversion.touches
    if !touches.isEmpty {
      record.put(avroLong: Int64(touches.count))
      for index in touches.indices { put(touches[index], into: &record) }
    }
    record.put(avroLong: 0)
    record.put(avroFlag: conversion.isTruncated)
    record.put(avroFlag: conversion.isDeleted)
    put(rows: conversion.credits, touches.count, into: &record)
    put(rows: conversion.revenues, touches.count, into: &record)
    record.put(avroLong: conversion.revision)
  }

  private func put(_ touch: CreditedTouch, into record: inout RecordBuffer) {
    record.put(avroText: touch.eventID)
    let kind =
      touch.kind == .impression ? AttributionCodec.impressionName : AttributionCodec.clickName
    record.put(avroLong: Int64(kind.utf8CodeUnitCount))
    record.put(kind)
    record.put(avroLong: touch.time)
    record.put(avroText: touch.campaignID)
    record.put(avroText: touch.channel)
    record.put(avroText: touch.adID)
  }

  private func put(
    rows: UnsafeBufferPointer<Int64>, _ touchCount: Int, into record: inout RecordBuffer
  ) {
    precondition(rows.count == touchCount * modelCount, "one row per model")
    for model in 0..<modelCount {
      record.put(avroLong: 1)
      if touchCount > 0 {
        record.put(avroLong: Int64(touchCount))
        for touch in 0..<touchCount {
          record.put(avroDecimal: Int128(rows[model * touchCount + touch]))
        }
      }
      record.put(avroLong: 0)
    }
  }
}
