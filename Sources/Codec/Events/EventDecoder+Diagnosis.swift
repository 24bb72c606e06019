// Safety: reads spans of the record that was just located, within the call of `decode` that lends it.

import Attribution

/// Finds out what is wrong with a record once it is known that something is: apart from the hot path, which only
/// says that it is.
extension EventDecoder {
  /// What is wrong with a record whose fields were not found.
  @inline(never)
  package func diagnoseMalformed(_ record: BorrowedBytes) -> Rejection {
    guard let fault = faultPosition(record) else {
      return Rejection(.malformedJSON, nil, .isNoObject)
    }
    return Rejection(
      .malformedJSON, nil, fault == record.count ? .isCutOff : .isMalformed(byte: fault + 1))
  }

  /// Where a text stops being a JSON object; nil where it does not begin as one.
  private func faultPosition(_ record: BorrowedBytes) -> Int? {
    var scanner = JSONScanner(record, nesting: memory.nesting)
    scanner.skipWhitespace()
    guard scanner.take(ASCII.openBrace) else { return nil }
    scanner.skipWhitespace()
    if !scanner.take(ASCII.closeBrace) {
      repeat {
        scanner.skipWhitespace()
        guard scanner.key() != nil, scanner.value() != nil else {
          return scanner.cursor - record.start
        }
        scanner.skipWhitespace()
      } while scanner.take(ASCII.comma)
      if scanner.take(ASCII.closeBrace) { scanner.skipWhitespace() }
    } else {
      scanner.skipWhitespace()
    }
    return scanner.cursor - record.start
  }

  /// What is wrong with a record whose fields are where `memory.spans` says.
  @inline(never)
  func diagnose(
    _ reason: RejectionReason, _ present: EventFields, recordTimestamp: Milliseconds
  ) -> Rejection {
    for field in EventField.allCases where requiredFields.contains(field) {
      if let detail = absence(of: field, present) { return Rejection(.missingField, field, detail) }
    }
    switch reason {
    case .futureEvent: return future(present, recordTimestamp)
    case .wrongCurrency: return Rejection(.wrongCurrency, .currency, .isOtherCurrency)
    default: break
    }
    for field in EventField.allCases where present.contains(field) && isRead(field) {
      guard let detail = fault(of: field) else { continue }
      var rejection = Rejection(.invalidField, field, detail)
      if field.configuredIndex != nil { rejection.kind = kind }
      return rejection
    }
    assertionFailure("a record is rejected for a field that has no fault")
    return Rejection(reason, nil, .isUnusable)
  }

  private func absence(of field: EventField, _ present: EventFields) -> RejectionDetail? {
    guard present.contains(field) else { return .isMissing }
    let span = memory.spans[Int(field.rawValue)]
    if span.kind == .null { return .isNull }
    return span.kind == .string && span.text.isEmpty ? .isEmpty : nil
  }

  /// Whether a field means something on this kind of event.
  private func isRead(_ field: EventField) -> Bool {
    switch field {
    case .eventID, .eventTime, .currency, .version, .deleted, .originalTime: true
    case .userID: kind != .cost
    case .campaignID, .channel, .adID: kind != .conversion
    case .sessionID, .ip, .cost: kind.isTouch
    case .value: kind == .conversion
    case .amount: kind == .cost
    case .unknown: false
    default: field.configuredIndex.map { $0 < fields.names.count } ?? false
    }
  }

  /// What is wrong with the value of a field that is there; nil if nothing is.
  private func fault(of field: EventField) -> RejectionDetail? {
    let span = memory.spans[Int(field.rawValue)]
    if span.kind == .null || span.kind == .string && span.text.isEmpty { return nil }
    if span.kind == .brokenString {
      // A time that is none by the unit or the format of a mapping is put down as an empty one.
      return span.text.isEmpty ? .isNoMappedTime : .isNoText
    }
    switch field {
    case .eventTime, .originalTime: return timeFault(span)
    case .version: return version(of: span) == nil ? .isNoVersion : nil
    case .deleted: return truth(of: span) == nil ? .isNoTruth : nil
    case .cost, .value, .amount: return amountFault(span)
    case .currency: return isText(span) ? nil : .isWrongType(JSONType(span.kind), wanted: .string)
    default: return nameFault(span)
    }
  }

  private func isText(_ span: JSONSpan) -> Bool {
    span.kind == .string || span.kind == .escapedString
  }

  private func nameFault(_ span: JSONSpan) -> RejectionDetail? {
    guard isText(span) || span.kind == .number else {
      return .isWrongType(JSONType(span.kind), wanted: .string)
    }
    if span.kind == .number, digits(of: span) == nil { return .isNoWholeNumber }
    return name(of: span) == nil ? .isTooLong : nil
  }

  private func timeFault(_ span: JSONSpan) -> RejectionDetail? {
    let isNumber = span.kind == .number || span.kind == .time
    guard isText(span) || isNumber else {
      return .isWrongType(JSONType(span.kind), wanted: .stringOrNumber)
    }
    guard let time = readTime(span) else {
      if isNumber {
        return span.kind == .number && digits(of: span) == nil
          ? .isNoWholeMilliseconds : .isOutOfRange
      }
      return .isNoTime
    }
    guard time < earliestEventTime else { return nil }
    // A time of our days in seconds is one of the first days of 1970 in milliseconds.
    return .isTooEarly(looksLikeSeconds: isNumber && time >= 500_000_000)
  }

  private func amountFault(_ span: JSONSpan) -> RejectionDetail? {
    guard isText(span) || span.kind == .number else {
      return .isWrongType(JSONType(span.kind), wanted: .stringOrNumber)
    }
    if span.kind == .number { return Money.fault(span.text, excessDecimals: excessDecimals) }
    return temporaryText(of: span) { Money.fault($0, excessDecimals: excessDecimals) }
  }

  /// A field that is there.
  private func value(of field: EventField, _ present: EventFields) -> JSONSpan? {
    guard absence(of: field, present) == nil else { return nil }
    return memory.spans[Int(field.rawValue)]
  }

  private func future(_ present: EventFields, _ recordTimestamp: Milliseconds) -> Rejection {
    // Of the two times of a version the later one is what was refused.
    var (field, latest) = (EventField.eventTime, Milliseconds.min)
    for candidate in [EventField.eventTime, .originalTime] {
      guard let found = value(of: candidate, present).flatMap({ time(of: $0) }), found > latest
      else { continue }
      (field, latest) = (candidate, found)
    }
    let isAheadOfRecord = recordTimestamp != -1 && isInFuture(latest, recordTimestamp)
    let (distance, hasOverflowed) = latest.subtractingReportingOverflow(
      isAheadOfRecord ? recordTimestamp : clock)
    return Rejection(
      .futureEvent, field,
      .isAhead(
        of: isAheadOfRecord ? .record : .processor, milliseconds: hasOverflowed ? .max : distance))
  }
}
