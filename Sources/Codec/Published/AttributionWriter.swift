// Safety: the conversion and its rows are read within their counts during one call, which is how
// long they are lent for.

import Attribution

/// Writes the record values of many attributions (contract, section 5). Their key is the conversion's
/// `event_id`.
public struct AttributionWriter: ~Copyable {
  private var record = RecordBuffer(capacity: 1_024)
  /// Before each model's row.
  private var modelLabels = StringPool()
  /// From the value to the touches.
  private var currency = RecordBuffer(capacity: 64)
  /// What is written in place of JSON; nil for JSON.
  private let avro: AttributionAvroForm?

  /// - Parameters:
  ///   - models: those of the definitions, in the order of a conversion's rows.
  ///   - schema: the number of the Avro schema to write by; nil for JSON.
  public init(models: [Model], currency: String, schema: Int32? = nil) {
    if let schema {
      avro = AttributionAvroForm(schema: schema, models: models, currency: currency)
    } else {
      avro = nil
    }
    for (index, model) in models.enumerated() {
      modelLabels.append { label in
        if index > 0 { label.put(ASCII.comma) }
        label.put(json: model.rawValue)
        label.put(":[")
      }
    }
    self.currency.put(#","currency":"#)
    self.currency.put(json: currency)
    self.currency.put(#","touches":["#)
  }

  /// The value written last, valid until the next: one line of JSON, or Avro, fields in the contract's order.
  public var bytes: UnsafeRawBufferPointer { record.bytes }

  /// Replaces the value by a conversion's.
  public mutating func write(_ conversion: CreditedConversion) {
    record.removeAll()
    if avro != nil {
      avro!.put(conversion, into: &record)
    } else {
      writeJSON(conversion)
    }
  }

  private mutating func writeJSON(_ conversion: CreditedConversion) {
    record.put(#"{"conversion_id":"#)
    record.put(json: conversion.conversionID)
    record.put(#","user_id":"#)
    record.put(json: conversion.userID)
    record.put(#","event_time":"#)
    record.put(jsonMilliseconds: conversion.time)
    record.put(#","value":"#)
    record.put(jsonDecimal: conversion.value)
    record.put(currency)
    for index in conversion.touches.indices {
      if index > 0 { record.put(ASCII.comma) }
      put(conversion.touches[index])
    }
    let touchCount = conversion.touches.count
    record.put(conversion.isTruncated ? #"],"truncated":true"# : "]")
    record.put(conversion.isDeleted ? #","deleted":true,"credit":{"# : #","credit":{"#)
    put(rows: conversion.credits, touchCount: touchCount)
    record.put(#"},"revenue":{"#)
    put(rows: conversion.revenues, touchCount: touchCount)
    record.put(#"},"revision":"#)
    record.put(decimal: conversion.revision)
    record.put(ASCII.closeBrace)
  }

  private mutating func put(_ touch: CreditedTouch) {
    record.put(#"{"event_id":"#)
    record.put(json: touch.eventID)
    record.put(#","kind":""#)
    record.put(
      touch.kind == .impression ? AttributionCodec.impressionName : AttributionCodec.clickName)
    record.put(#"","event_time":"#)
    record.put(jsonMilliseconds: touch.time)
    record.put(#","campaign_id":"#)
    record.put(json: touch.campaignID)
    record.put(#","channel":"#)
    record.put(json: touch.channel)
    record.put(#","ad_id":"#)
    record.put(json: touch.adID)
    record.put(ASCII.closeBrace)
  }

  private mutating func put(rows: UnsafeBufferPointer<Int64>, touchCount: Int) {
    precondition(rows.count == touchCount * modelLabels.count, "one row per model")
    for model in 0..<modelLabels.count {
      record.put(modelLabels[model])
      for touch in 0..<touchCount {
        if touch > 0 { record.put(ASCII.comma) }
        record.put(jsonDecimal: rows[model * touchCount + touch])
      }
      record.put(ASCII.closeBracket)
    }
  }
}
