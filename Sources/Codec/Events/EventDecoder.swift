// Safety: the record is read only during `decode`, through spans that the scanner made inside it.
// The working memory belongs to `DecoderMemory`, which the decoder keeps alive. Names in the result
// are borrowed, under the rules of `BorrowedBytes`, from the record and from the scratch arena.

import Attribution

/// Turns the records of one input into events: the hot path of the whole processor.
///
/// One pass checks the record and notes where the fields are; only then are they read, so that the
/// last of a repeated key counts and a malformed record is never taken for one with a bad field.
/// Nothing is allocated per event: names are lent from the record itself, except for strings with
/// escapes, which are resolved in memory that the decoder keeps until `recycle()`.
///
/// Linear in the size of the record. For one thread at a time; copies share their scratch memory.
public struct EventDecoder {
  /// Longer records are dead letters. In bytes.
  public static let maximumRecordSize = 65_536
  /// Longer names and ids are invalid. In bytes of UTF-8, escapes resolved.
  public static let maximumNameLength = 128

  private let kind: EventKind
  private let requiredFields: EventFields
  private let currency: [UInt8]
  private let maxFutureSkew: Milliseconds
  private let excessDecimals: ExcessDecimals
  private let earliestEventTime: Milliseconds
  /// The processor's clock, to be set before each batch: an event further ahead of it than
  /// `max_future_skew` is rejected, whatever its record's timestamp. `max` checks nothing.
  public var clock = Milliseconds.max
  private let memory: DecoderMemory
  private let fields: ConfiguredFields
  private let absentName = BorrowedBytes.empty

  /// - Parameters:
  ///   - kind: what the input's records are.
  ///   - currency: the one that amounts are in; records in another are rejected.
  ///   - maxFutureSkew: how far an event may lie ahead of its record's own timestamp, and of `clock`.
  ///   - excessDecimals: what becomes of digits other than zero behind the sixth decimal.
  ///   - earliestEventTime: an event time before this is invalid.
  ///   - fields: those that the configuration adds.
  public init(
    kind: EventKind, currency: String, maxFutureSkew: Milliseconds,
    excessDecimals: ExcessDecimals = .refuse, earliestEventTime: Milliseconds = Time.earliest,
    fields: ConfiguredFields = .none
  ) {
    self.fields = fields
    memory = DecoderMemory(configured: fields.names)
    self.excessDecimals = excessDecimals
    self.kind = kind
    self.earliestEventTime = earliestEventTime
    self.currency = Array(currency.utf8)
    self.maxFutureSkew = maxFutureSkew
    switch kind {
    case .impression, .click:
      requiredFields = EventFields(.eventID, .userID, .eventTime, .campaignID)
    case .conversion: requiredFields = EventFields(.eventID, .userID, .eventTime)
    case .cost: requiredFields = EventFields(.eventID, .eventTime, .campaignID, .amount)
    }
  }

  /// For an input of these definitions.
  ///
  /// - Parameter maxFutureSkew: in place of the definitions'.
  public init(kind: EventKind, definitions: Definitions, maxFutureSkew: Milliseconds? = nil) {
    self.init(
      kind: kind, currency: definitions.currency,
      maxFutureSkew: maxFutureSkew ?? definitions.maxFutureSkew,
      excessDecimals: definitions.excessDecimals,
      earliestEventTime: definitions.earliestEventTime, fields: definitions.fields(of: kind))
  }

  /// Decodes one record; returns why it can never be used, or nil when `event` holds it.
  ///
  /// The event's names point into `value` or into the decoder's scratch memory; they are good while
  /// `value` is and until `recycle()`. After a rejection `event` is unchanged.
  ///
  /// - Parameters:
  ///   - value: the record's value; nil for a tombstone.
  ///   - recordTimestamp: the record's own timestamp; -1 when unknown, which leaves the check for
  ///     events from the future to `clock`.
  public mutating func decode(
    _ value: UnsafeRawBufferPointer?, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    guard let value, !value.isEmpty else { return .malformedJSON }
    guard value.count <= Self.maximumRecordSize else { return .tooLarge }
    guard let present = locateFields(BorrowedBytes(value)) else { return .malformedJSON }
    return readLocated(present, recordTimestamp: recordTimestamp, into: &event)
  }

  /// Reads an event from fields that have been put down, by `locateFields` or by somebody else.
  @inline(__always)
  private func readLocated(
    _ present: EventFields, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    guard present.isSuperset(of: requiredFields) else { return .missingField }

    let mark = memory.arena.mark
    let rejection = read(present, recordTimestamp: recordTimestamp, into: &event)
    guard let rejection else { return nil }
    memory.arena.rewind(to: mark)
    return rejection == .invalidField && isRequiredFieldAbsent ? .missingField : rejection
  }

  /// Whether a required field that is there is `null` or `""`, and so counts as absent.
  private var isRequiredFieldAbsent: Bool {
    EventField.allCases.contains { field in
      guard requiredFields.contains(field) else { return false }
      let span = memory.spans[Int(field.rawValue)]
      return span.kind == .null || span.kind == .string && span.text.isEmpty
    }
  }

  /// Forgets the scratch memory of earlier records, and with it the names of their events.
  ///
  /// To be called once the events of a batch have been dealt with.
  public mutating func recycle() { memory.arena.recycle() }
}

// MARK: - Fields found by somebody else

extension EventDecoder {
  /// As `decode`, of a record that may have the five bytes before it by which serializers of a schema registry
  /// tell its schema: JSON does not begin with a zero.
  @inline(never)
  package mutating func decodeFramed(
    _ value: UnsafeRawBufferPointer?, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    guard let value, value.count > 5, value[0] == 0 else { return .malformedJSON }
    return decode(
      UnsafeRawBufferPointer(rebasing: value[5...]), recordTimestamp: recordTimestamp, into: &event)
  }

  /// Puts down the value of a field that was found in some other way than under its name.
  package func put(_ field: EventField, _ span: JSONSpan) {
    memory.spans[Int(field.rawValue)] = span
  }

  /// As the other `decode`, of the fields that have been put down.
  ///
  /// - Parameter present: which fields those are.
  package mutating func decode(
    _ present: EventFields, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    readLocated(present, recordTimestamp: recordTimestamp, into: &event)
  }
}

// MARK: - Finding the fields

extension EventDecoder {
  /// Checks the whole record and notes the last value of each field; nil when malformed.
  @inline(__always)
  private func locateFields(_ record: BorrowedBytes) -> EventFields? {
    var present = EventFields()
    var scanner = JSONScanner(record, nesting: memory.nesting)
    var place = 0
    var isFirst = true
    repeat {
      let field: EventField
      if let known = memory.keys.step(&scanner, &place, isFirst: isFirst) {
        field = known
      } else {
        switch nextKey(&scanner, &place, isFirst: isFirst) {
        case .field(let found): field = found
        case .end: return isAtEnd(&scanner) ? present : nil
        case .malformed: return nil
        }
      }
      // Most values are strings: no call for those.
      let isString = scanner.peek == ASCII.quote
      guard let value = isString ? scanner.string() : scanner.value() else { return nil }
      memory.spans[Int(field.rawValue)] = value
      present.insert(field)
      isFirst = false
    } while !scanner.take(ASCII.closeBrace)
    return isAtEnd(&scanner) ? present : nil
  }

  private enum Member {
    case field(EventField)
    case end
    case malformed
  }

  /// Scans what stands before a value, or at the end of the object, and learns it.
  @inline(never)
  private func nextKey(
    _ scanner: inout JSONScanner, _ place: inout Int, isFirst: Bool
  ) -> Member {
    let start = scanner.cursor
    scanner.skipWhitespace()
    if !isFirst && scanner.take(ASCII.closeBrace) { return .end }
    guard scanner.take(isFirst ? ASCII.openBrace : ASCII.comma) else { return .malformed }
    scanner.skipWhitespace()
    if isFirst && scanner.take(ASCII.closeBrace) { return .end }
    guard let key = scanner.key() else { return .malformed }
    let field =
      switch key.kind {
      case .string: memory.field(name: key.text)
      case .escapedString: memory.field(escapedName: key.text)
      default: EventField.unknown
      }
    memory.keys.learn(from: start, to: scanner.cursor, field, &place, isFirst: isFirst)
    return .field(field)
  }

  @inline(__always)
  private func isAtEnd(_ scanner: inout JSONScanner) -> Bool {
    scanner.skipWhitespace()
    return scanner.isAtEnd
  }
}

// MARK: - Reading the fields

extension EventDecoder {
  @inline(__always)
  private func read(
    _ present: EventFields, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    guard let eventID = requiredName(.eventID),
      let time = time(of: memory.spans[Int(EventField.eventTime.rawValue)]),
      let amount = amount(present)
    else { return .invalidField }

    var result = Event(
      kind: kind, time: time, amount: amount, eventID: eventID, userID: absentName,
      campaignID: absentName, channel: absentName, adID: absentName, sessionID: absentName)
    if kind != .cost {
      guard let userID = requiredName(.userID) else { return .invalidField }
      result.userID = userID
    }
    if kind != .conversion {
      guard let campaignID = requiredName(.campaignID) else { return .invalidField }
      result.campaignID = campaignID
    }
    if kind != .conversion {
      guard let channel = optionalName(.channel, present), let adID = optionalName(.adID, present)
      else { return .invalidField }
      result.channel = channel
      result.adID = adID
    }
    if kind.isTouch {
      guard let sessionID = optionalName(.sessionID, present), let ip = optionalName(.ip, present)
      else { return .invalidField }
      result.sessionID = sessionID
      result.ip = ip
    }
    if !fields.isEmpty {
      guard let values = configuredValues(present) else { return .invalidField }
      result.values = values
    }
    guard let isOurCurrency = isOurCurrency(present) else { return .invalidField }
    result.hasAmount = optional(moneyField, present) != nil
    result.hasCurrency = optional(.currency, present) != nil
    if present.speaksOfVersions, !readVersion(present, into: &result) { return .invalidField }

    let written = recordTimestamp == -1 ? .max : recordTimestamp
    if isInFuture(result.latestTime, min(written, clock)) { return .futureEvent }
    if !isOurCurrency { return .wrongCurrency }
    event = result
    return nil
  }

  /// Reads what makes an event a version of another; false when it is invalid.
  @inline(never)
  private func readVersion(_ present: EventFields, into event: inout Event) -> Bool {
    if let span = optional(.version, present) {
      guard let version = version(of: span) else { return false }
      event.version = version
    }
    if let span = optional(.deleted, present) {
      guard let isDeleted = truth(of: span) else { return false }
      event.isDeleted = isDeleted
    }
    if let span = optional(.originalTime, present) {
      guard let time = time(of: span) else { return false }
      event.originalTime = time
    }
    return true
  }

  /// An integer of 31 bits, or its digits as text; nil when invalid.
  private func version(of span: JSONSpan) -> Int32? {
    func value(_ text: BorrowedBytes) -> Int32? {
      guard (1...10).contains(text.count) else { return nil }
      var value: Int64 = 0
      for index in 0..<text.count {
        guard ASCII.isDigit(text[index]) else { return nil }
        value = value * 10 + Int64(text[index] - ASCII.zero)
      }
      return Int32(exactly: value)
    }
    return span.kind == .number ? value(span.text) : temporaryText(of: span, value)
  }

  /// `true` or `false`, or the word as text; nil for anything else.
  private func truth(of span: JSONSpan) -> Bool? {
    func value(_ text: BorrowedBytes) -> Bool? {
      if text.buffer.elementsEqual("true".utf8) { return true }
      return text.buffer.elementsEqual("false".utf8) ? false : nil
    }
    return span.kind == .boolean ? value(span.text) : temporaryText(of: span, value)
  }

  private var moneyField: EventField {
    switch kind {
    case .impression, .click: .cost
    case .conversion: .value
    case .cost: .amount
    }
  }

  @inline(__always)
  private func isInFuture(_ time: Milliseconds, _ clock: Milliseconds) -> Bool {
    let (limit, hasOverflowed) = clock.addingReportingOverflow(maxFutureSkew)
    // No time is past a limit that does not fit; every time is past one that underflows.
    return hasOverflowed ? maxFutureSkew < 0 : time > limit
  }

  /// A field of which `null` and `""` count as absent.
  @inline(__always)
  private func optional(_ field: EventField, _ present: EventFields) -> JSONSpan? {
    guard present.contains(field) else { return nil }
    let span = memory.spans[Int(field.rawValue)]
    if span.kind == .null || span.kind == .string && span.text.isEmpty { return nil }
    return span
  }

  /// The text of a string, escapes resolved; nil when the value is no string.
  @inline(__always)
  private func text(of span: JSONSpan) -> BorrowedBytes? {
    switch span.kind {
    case .string: span.text
    case .escapedString: memory.arena.unescape(span.text)
    default: nil
    }
  }

  @inline(__always)
  private func name(of span: JSONSpan) -> BorrowedBytes? {
    guard let text = span.kind == .number ? digits(of: span) : text(of: span),
      text.count <= Self.maximumNameLength
    else { return nil }
    return text
  }

  /// The text of an integer; nil for any other number.
  @inline(never)
  private func digits(of span: JSONSpan) -> BorrowedBytes? {
    for index in 0..<span.text.count
    where !ASCII.isDigit(span.text[index]) && (index > 0 || span.text[index] != ASCII.minus) {
      return nil
    }
    return span.text
  }

  /// A name of 1 to 128 bytes; nil when invalid.
  @inline(__always)
  private func requiredName(_ field: EventField) -> BorrowedBytes? {
    guard let name = name(of: memory.spans[Int(field.rawValue)]), !name.isEmpty else { return nil }
    return name
  }

  /// A name of up to 128 bytes, empty when absent; nil when invalid.
  @inline(__always)
  private func optionalName(_ field: EventField, _ present: EventFields) -> BorrowedBytes? {
    guard let span = optional(field, present) else { return absentName }
    return name(of: span)
  }

  /// The values of the fields that the configuration adds; nil when one is invalid.
  @inline(never)
  private func configuredValues(_ present: EventFields) -> ConfiguredValues? {
    let count = fields.names.count
    let values = memory.arena.reserve(BorrowedBytes.self, count)
    for index in 0..<count {
      guard let value = optionalName(.configured(index), present) else { return nil }
      (values + index).initialize(to: value)
    }
    return ConfiguredValues(start: values, count: count, matching: fields.matching)
  }

  /// RFC 3339 text, or an integer of milliseconds; nil when invalid.
  @inline(__always)
  private func time(of span: JSONSpan) -> Milliseconds? {
    let time =
      span.kind == .number
      ? Time.parseInteger(span.text) : temporaryText(of: span) { Time.parse($0) }
    guard let time, time >= earliestEventTime else { return nil }
    return time
  }

  /// The money field of this kind of event, 0 when it is optional and absent; nil when invalid.
  @inline(__always)
  private func amount(_ present: EventFields) -> Micros? {
    switch kind {
    case .impression, .click: return optionalMoney(.cost, present)
    case .conversion: return optionalMoney(.value, present)
    case .cost: return money(memory.spans[Int(EventField.amount.rawValue)])
    }
  }

  @inline(__always)
  private func optionalMoney(_ field: EventField, _ present: EventFields) -> Micros? {
    guard let span = optional(field, present) else { return 0 }
    return money(span)
  }

  private func money(_ span: JSONSpan) -> Micros? {
    if span.kind == .number { return Money.parse(span.text, excessDecimals: excessDecimals) }
    return temporaryText(of: span) { Money.parse($0, excessDecimals: excessDecimals) }
  }

  /// Whether the amounts are in the configured currency, in capitals or not; nil when the field is invalid.
  @inline(__always)
  private func isOurCurrency(_ present: EventFields) -> Bool? {
    guard let span = optional(.currency, present) else { return true }
    return temporaryText(of: span) { text in
      guard text.count == currency.count else { return false }
      for index in currency.indices where text[index] | 0x20 != currency[index] | 0x20 {
        return false
      }
      return true
    }
  }

  /// What `body` makes of a string that need not be kept; nil when the value is no string.
  @inline(__always)
  private func temporaryText<Result>(
    of span: JSONSpan, _ body: (BorrowedBytes) -> Result?
  ) -> Result? {
    guard span.kind == .escapedString else { return text(of: span).flatMap(body) }
    let mark = memory.arena.mark
    defer { memory.arena.rewind(to: mark) }
    return body(memory.arena.unescape(span.text))
  }
}
