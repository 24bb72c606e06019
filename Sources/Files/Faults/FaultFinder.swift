// Safety: reads a record only while it is lent, for one call.

import Attribution
import Codec

/// Finds out what is wrong with a record that the decoder has refused, in words for the owner of its file.
///
/// Values are quoted, because the file is the reader's own; ids and addresses of users are not.
struct FaultFinder {
  private let kind: EventKind
  private let fields: [String]
  private let definitions: Definitions

  /// - Parameter fields: those that events of the kind can have.
  init(_ kind: EventKind, fields: [String], _ definitions: Definitions) {
    self.kind = kind
    self.fields = fields
    self.definitions = definitions
  }

  /// - Parameters:
  ///   - reason: the decoder's, in the contract's word.
  ///   - field: the one that the decoder refuses; nil if it is the record, or not known.
  ///   - detail: what is wrong in the decoder's words; nil if not known.
  ///   - complaint: what the file's format or its mapping says against the record.
  func fault(
    _ record: UnsafeRawBufferPointer, reason: String, field: String? = nil, detail: String? = nil,
    _ complaint: Complaint?
  ) -> Complaint {
    if let complaint, complaint.field == nil { return complaint }
    if let complaint, reason == "invalid_field", field == nil || field == complaint.field {
      return complaint
    }
    let found = self.complaint(record, reason)
    guard let field, found.field != field else { return found }
    return Complaint(field: field, problem: detail ?? "has a value that it cannot have")
  }

  private func complaint(_ record: UnsafeRawBufferPointer, _ reason: String) -> Complaint {
    if reason == "too_large" {
      return Complaint(
        problem:
          "the record is longer than \(EventDecoder.maximumRecordSize) bytes, the most there may be"
      )
    }
    guard let members = RecordField.all(in: record) else {
      return MalformedRecord.complaint(record)
    }
    let values = Dictionary(members.map { ($0.name, $0) }) { $1 }
    switch reason {
    case "missing_field": return missing(values)
    case "future_event":
      return Complaint(
        field: "event_time",
        problem:
          "\(quoted(values["event_time"])) lies further ahead of the clock than max_future_skew")
    case "wrong_currency":
      return Complaint(
        field: "currency",
        problem:
          "\(quoted(values["currency"])) is not \(definitions.currency), the configured currency")
    default: break
    }
    for field in orderedFields {
      guard let value = values[field], !value.isAbsent, let complaint = invalid(field, value) else {
        continue
      }
      return complaint
    }
    return Complaint(problem: "a field has a value that it cannot have")
  }

  /// The fields in the order in which the decoder looks at them.
  private var orderedFields: [String] {
    let first = ["event_id", "event_time", "cost", "value", "amount"]
    return first + fields.filter { !first.contains($0) }
  }

  private func quoted(_ value: RecordField?) -> String { ShownText.quoted(value?.text ?? "") }

  // MARK: Fields

  private func missing(_ values: [String: RecordField]) -> Complaint {
    for field in kind.requiredFields where values[field]?.isAbsent ?? true {
      let isEmpty = values[field] != nil
      return Complaint(
        field: field, problem: isEmpty ? "is empty" : "is missing",
        advice: .name(field, among: Array(values.keys)))
    }
    return Complaint(problem: "a field is missing")
  }

  private func invalid(_ field: String, _ value: RecordField) -> Complaint? {
    switch field {
    case "event_time", "original_time": time(field, value)
    case "cost", "value", "amount": amount(field, value)
    case "version": version(value)
    case "deleted":
      value.kind == .boolean
        ? nil : Complaint(field: field, problem: "\(quoted(value)) is neither true nor false")
    default: name(field, value)
    }
  }

  private func time(_ field: String, _ value: RecordField) -> Complaint? {
    let time: Milliseconds?
    switch value.kind {
    case .string: time = Time.parse(value.text)
    case .number: time = Int64(value.text)
    default: time = nil
    }
    if let time, time >= definitions.earliestEventTime, time <= Time.latest { return nil }
    let advice = Advice.time(value.text, isMapped: false)
    guard let time, time < definitions.earliestEventTime else {
      return Complaint(
        field: field, problem: "\(quoted(value)) is not a time", advice: advice)
    }
    let earliest = Time.formatSeconds(definitions.earliestEventTime)
    return Complaint(
      field: field, problem: "\(quoted(value)) is before \(earliest), the earliest_event_time",
      advice: advice)
  }

  private func amount(_ field: String, _ value: RecordField) -> Complaint? {
    let isText = value.kind == .string || value.kind == .number
    if isText, Money.parse(value.text, excessDecimals: definitions.excessDecimals) != nil {
      return nil
    }
    return Complaint(
      field: field, problem: "\(quoted(value)) is not an amount",
      advice: isText
        ? .amount(value.text, currency: definitions.currency, decimal: nil) : nil)
  }

  private func version(_ value: RecordField) -> Complaint? {
    if value.kind == .number, let number = Int32(value.text), number >= 0 { return nil }
    return Complaint(
      field: "version", problem: "\(quoted(value)) is not an integer from 0 to \(Int32.max)")
  }

  /// Names and ids are never quoted: they may be a user's.
  private func name(_ field: String, _ value: RecordField) -> Complaint? {
    switch value.kind {
    case .string, .number:
      let count = value.text.utf8.count
      if count > EventDecoder.maximumNameLength {
        return Complaint(
          field: field,
          problem: "is \(count) bytes long; \(EventDecoder.maximumNameLength) are the most")
      }
      if value.kind == .string { return nil }
      let isInteger = value.text.utf8.enumerated().allSatisfy { index, byte in
        (48...57).contains(byte) || index == 0 && byte == UInt8(ascii: "-")
      }
      return isInteger
        ? nil
        : Complaint(
          field: field, problem: "is a number that is no integer",
          advice: .text("write it in quotes"))
    case .brokenString:
      return Complaint(field: field, problem: "is no text: it holds half of a surrogate pair")
    case .boolean, .null: return Complaint(field: field, problem: "is no text, but true or false")
    case .array: return Complaint(field: field, problem: "is no text, but an array")
    case .object: return Complaint(field: field, problem: "is no text, but an object")
    }
  }
}

/// Says why bytes are no JSON object.
enum MalformedRecord {
  static func complaint(_ record: UnsafeRawBufferPointer) -> Complaint {
    let text = String(decoding: record.prefix(4_096), as: UTF8.self)
    guard isUTF8(record) else {
      return Complaint(
        problem: "the text is not UTF-8",
        advice: .text("convert the file, as with iconv -f WINDOWS-1252 -t UTF-8"))
    }
    let trimmed = text.drop { $0.isWhitespace }
    guard trimmed.first == "{" else {
      if trimmed.first == "[" {
        return Complaint(
          problem: "is an array, not a JSON object",
          advice: .text("write one object per line, or one array for the whole file"))
      }
      return Complaint(
        problem: "is not a JSON object",
        advice: trimmed.contains(",") || trimmed.contains("\t")
          ? .text("a table's name should end in .csv or .tsv") : nil)
    }
    if record.last(where: { $0 > 0x20 }) != UInt8(ascii: "}") {
      return Complaint(
        problem: "the JSON object does not end on its line",
        advice: .text("write every object on one line, or all of them as one array"))
    }
    return Complaint(problem: "is not well-formed JSON", advice: advice(trimmed).map { .text($0) })
  }

  private static func isUTF8(_ record: UnsafeRawBufferPointer) -> Bool {
    String(validating: record, as: UTF8.self) != nil
  }

  private static func advice(_ text: Substring) -> String? {
    let compact = text.prefix(2_048).filter { !$0.isWhitespace }
    if compact.hasPrefix("{'") { return "JSON has double quotes; this is how Python prints a dict" }
    for word in ["NaN", "Infinity", "None", "True", "False", "undefined"]
    where compact.contains(":\(word)") {
      return "JSON has no \(word)"
    }
    return compact.contains(",}") ? "a comma stands before the end" : nil
  }
}
