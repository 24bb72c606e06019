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

  let kind: EventKind
  let requiredFields: EventFields
  let currency: [UInt8]
  let maxFutureSkew: Milliseconds
  let excessDecimals: ExcessDecimals
  let earliestEventTime: Milliseconds
  /// The processor's clock, to be set before each batch: an event further ahead of it than
  /// `max_future_skew` is rejected, whatever its record's timestamp. `max` checks nothing.
  public var clock = Milliseconds.max
  let memory: DecoderMemory
  let fields: ConfiguredFields
  let pseudonymizer: Pseudonymizer?
  let absentName = BorrowedBytes.empty

  /// - Parameters:
  ///   - kind: what the input's records are.
  ///   - currency: the one that amounts are in; records in another are rejected.
  ///   - maxFutureSkew: how far an event may lie ahead of its record's own timestamp, and of `clock`.
  ///   - excessDecimals: what becomes of digits other than zero behind the sixth decimal.
  ///   - earliestEventTime: an event time before this is invalid.
  ///   - fields: those that the configuration adds.
  ///   - pseudonymizer: what replaces user ids, sessions and addresses; nil leaves them as they are.
  public init(
    kind: EventKind, currency: String, maxFutureSkew: Milliseconds,
    excessDecimals: ExcessDecimals = .refuse, earliestEventTime: Milliseconds = Time.earliest,
    fields: ConfiguredFields = .none, pseudonymizer: Pseudonymizer? = nil
  ) {
    self.fields = fields
    self.pseudonymizer = pseudonymizer
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
      earliestEventTime: definitions.earliestEventTime, fields: definitions.fields(of: kind),
      pseudonymizer: kind == .cost
        ? nil
        : definitions.pseudonymKey.map {
          Pseudonymizer($0, sparing: definitions.unmatchedUsers)
        })
  }

  /// The user id of the event decoded last, as it came; nil where the event has it as it came. Lent as long as the
  /// record is.
  public var rawUser: BorrowedBytes? { pseudonymizer?.lastUser }

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
    guard let value, !value.isEmpty else { return Rejection(.malformedJSON, nil, .hasNoValue) }
    guard value.count <= Self.maximumRecordSize else {
      return Rejection(.tooLarge, nil, .isTooLarge(bytes: value.count))
    }
    guard let present = locateFields(BorrowedBytes(value)) else {
      return diagnoseMalformed(BorrowedBytes(value))
    }
    return readLocated(present, recordTimestamp: recordTimestamp, into: &event)
  }

  /// Reads an event from fields that have been put down, by `locateFields` or by somebody else.
  @inline(__always)
  private func readLocated(
    _ present: EventFields, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    guard present.isSuperset(of: requiredFields) else {
      return diagnose(.missingField, present, recordTimestamp: recordTimestamp)
    }

    let mark = memory.arena.mark
    let reason = read(present, recordTimestamp: recordTimestamp, into: &event)
    guard let reason else { return nil }
    let rejection = diagnose(reason, present, recordTimestamp: recordTimestamp)
    memory.arena.rewind(to: mark)
    return rejection
  }

  /// Forgets the scratch memory of earlier records, and with it the names of their events.
  ///
  /// To be called once the events of a batch have been dealt with.
  public mutating func recycle() { memory.arena.recycle() }
}

extension EventDecoder {
  /// As `decode`, of a record that may have the five bytes before it by which serializers of a schema registry
  /// tell its schema: JSON does not begin with a zero.
  @inline(never)
  package mutating func decodeFramed(
    _ value: UnsafeRawBufferPointer?, recordTimestamp: Milliseconds, into event: inout Event
  ) -> Rejection? {
    guard let value, Self.isFramed(value) else { return diagnoseMalformed(.empty) }
    return decode(
      UnsafeRawBufferPointer(rebasing: value[5...]), recordTimestamp: recordTimestamp, into: &event)
  }

  /// Whether a value has those bytes before it.
  package static func isFramed(_ value: UnsafeRawBufferPointer?) -> Bool {
    guard let value else { return false }
    return value.count > 5 && value[0] == 0
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
