import Attribution
import Codec
import Configuration

/// A record, what was found in it, and what became of that: for people.
public struct RecordExplanation: Sendable {
  public struct Field: Sendable {
    /// Our name.
    public var name: String
    /// Where it was looked for; of several paths the one that counted, or all where none did. Empty for a constant.
    public var path: String
    /// What stood there; nil where nothing did.
    public var found: String?
    /// What the event has; nil where there is no event, or it has no such thing.
    public var became: String?
  }

  public var partition: Int32
  public var offset: Int64
  public var reading: InputDecoder.Reading
  /// Which of the topic's entries it is; nil for none.
  public var entry: Int?
  public var kind: EventKind?
  public var fields: [Field] = []
  /// Why it cannot be used, or is nobody's; empty for an event.
  public var reason = ""
  /// Of one that cannot be used: the field at fault and what is wrong with it, as its dead letter says.
  public var field: String?
  public var detail: String?
  /// Entries whose conditions hold as well, but which stand behind.
  public var alsoFits: [Int] = []
}

extension InputDecoder {
  /// As `decode`, with the reasons. Slow; needs a decoder that was made to explain.
  public mutating func explain(
    _ record: InputRecord
  ) throws(SchemaUnavailable) -> RecordExplanation {
    guard let mapped else { preconditionFailure("a decoder that was not made to explain") }
    let values = mapped.locator.values
    defer { recycle() }
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let reading = try decode(record, into: &event)
    var explanation = RecordExplanation(
      partition: record.partition, offset: record.offset, reading: reading)
    if case .rejected(let rejection) = reading {
      explanation.field = name(of: rejection)
      explanation.detail = rejection.detail.description
    }
    guard let entry = mapped.lastEntry else {
      explanation.reason = reason(reading, record, mapped)
      return explanation
    }
    explanation.entry = entry
    explanation.kind = plan.entries[entry].kind
    explanation.alsoFits = plan.entries.indices.filter { other in
      other > entry && mapped.isOf(plan.entries[other], record, values)
    }
    for field in plan.entries[entry].fields {
      explanation.fields.append(describe(field, record, values, mapped, event, reading))
    }
    if case .rejected(let rejection) = reading {
      explanation.reason =
        text(of: rejection) + place(of: rejection, explanation.fields)
        + others(rejection, explanation)
    }
    return explanation
  }

  private func describe(
    _ field: EntryPlan.Field, _ record: InputRecord, _ values: LocatedValues,
    _ mapped: MappedDecoder, _ event: Event, _ reading: Reading
  ) -> RecordExplanation.Field {
    var result = RecordExplanation.Field(
      name: field.name, path: field.paths.map(\.text).joined(separator: ", "))
    for (path, source) in zip(field.paths, field.sources) {
      guard let found = mapped.source(source, record, values), !found.isAbsent else { continue }
      result.path = path.text
      result.found = values.arena.text(of: found.span)
      break
    }
    if reading == .event { result.became = text(of: field.name, event) }
    return result
  }

  private func text(of field: String, _ event: Event) -> String? {
    switch field {
    case "event_id": event.eventID.string
    case "user_id": event.userID.string
    case "event_time": Time.formatMilliseconds(event.time)
    case "campaign_id": event.campaignID.string
    case "channel": event.channel.string
    case "ad_id": event.adID.string
    case "session_id": event.sessionID.string
    case "cost", "value", "amount": Money.format(event.amount)
    case "version": event.version > 0 ? "\(event.version)" : nil
    case "deleted": event.isDeleted ? "true" : nil
    case "original_time": event.originalTime.map(Time.formatMilliseconds)
    default: configuredText(of: field, event)
    }
  }

  private func configuredText(of field: String, _ event: Event) -> String? {
    plan.configuredNames(of: event.kind).firstIndex(of: field).map { event.values[$0].string }
  }

  /// Why a record belongs to no entry.
  private func reason(
    _ reading: Reading, _ record: InputRecord, _ mapped: MappedDecoder
  ) -> String {
    guard reading == .filtered else {
      guard case .rejected(let rejection) = reading else { return "" }
      return text(of: rejection) + schema(of: rejection, record)
    }
    let values = mapped.locator.values
    var seen: [String] = []
    for condition in plan.entries.flatMap(\.conditions) {
      let found = mapped.source(condition.source, record, values)
      let text =
        found.map { "\(condition.path.text) is \"\(values.arena.text(of: $0.span))\"" }
        ?? "\(condition.path.text) is not there"
      if !seen.contains(text) { seen.append(text) }
    }
    return "filtered: " + seen.joined(separator: ", ")
  }

  /// The words of a dead letter: `missing_field: user_id is missing`.
  private func text(of rejection: Rejection) -> String {
    "\(rejection.reason.rawValue): \(name(of: rejection) ?? "the record") \(rejection.detail)"
  }

  private func name(of rejection: Rejection) -> String? {
    guard let field = rejection.field else { return nil }
    guard let index = field.configuredIndex else { return field.name }
    guard let kind = mapped?.lastEntry.map({ plan.entries[$0].kind }) else { return nil }
    let names = plan.configuredNames(of: kind)
    return names.indices.contains(index) ? names[index] : nil
  }

  /// Which schema a record names, and why that cannot be used.
  private func schema(of rejection: Rejection, _ record: InputRecord) -> String {
    guard rejection.reason == .unknownSchema, let value = record.value,
      let frame = RegistryFrame(BorrowedBytes(value))
    else { return "" }
    let fault = plan.schemas.fault(frame.schema).map { ": \($0)" } ?? ""
    return " (schema \(frame.schema)\(fault))"
  }

  /// What else is missing that the kind needs.
  private func others(_ rejection: Rejection, _ explanation: RecordExplanation) -> String {
    guard rejection.reason == .missingField, let kind = explanation.kind else { return "" }
    let names = explanation.fields.filter { field in
      kind.requiredFields.contains(field.name) && field.found == nil && !field.path.isEmpty
        && field.name != explanation.field
    }.map { $0.path == $0.name ? $0.name : "\($0.name) (\($0.path))" }
    return names.isEmpty ? "" : "; so are \(names.joined(separator: ", "))"
  }

  /// Where the field at fault was looked for, if not under its own name.
  private func place(of rejection: Rejection, _ fields: [RecordExplanation.Field]) -> String {
    guard let name = name(of: rejection), let field = fields.first(where: { $0.name == name }),
      !field.path.isEmpty, field.path != name
    else { return "" }
    return field.found == nil ? " (looked for at \(field.path))" : " (at \(field.path))"
  }
}
