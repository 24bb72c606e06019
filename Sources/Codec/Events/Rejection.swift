import Attribution

/// Why a record can never be used: the `reason` header of its dead letter (contract, section 2).
///
/// Of several faults in one record the first in this order is reported.
public enum RejectionReason: String, CaseIterable, Sendable {
  case tooLarge = "too_large"
  case malformedJSON = "malformed_json"
  case malformedAvro = "malformed_avro"
  case malformedProtobuf = "malformed_protobuf"
  /// The registry knows no schema of the record's number, or one of another kind.
  case unknownSchema = "unknown_schema"
  case missingField = "missing_field"
  case invalidField = "invalid_field"
  case futureEvent = "future_event"
  case wrongCurrency = "wrong_currency"

  /// Those of records in our own form.
  public static let ofOwnForm = allCases.filter {
    ![.malformedAvro, .malformedProtobuf, .unknownSchema].contains($0)
  }
}

/// What is wrong with a record that can never be used: the headers `reason`, `field` and `detail` of its dead
/// letter.
///
/// Holds no memory of its own, so that a batch of rejected records costs none; texts are made when they are
/// asked for.
public struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
  public var reason: RejectionReason
  /// The field at fault; nil where the fault is the record's.
  public var field: EventField?
  public var detail: RejectionDetail
  /// Of a field that the configuration names: the kind of the event, which says which one it is.
  var kind: EventKind?

  public init(_ reason: RejectionReason, _ field: EventField? = nil, _ detail: RejectionDetail) {
    self.reason = reason
    self.field = field
    self.detail = detail
  }

  /// The name of the field at fault; nil where the fault is the record's.
  public func fieldName(_ definitions: Definitions) -> String? {
    guard let field else { return nil }
    guard let index = field.configuredIndex else { return field.name }
    let names = kind.map { definitions.fields(of: $0).names } ?? []
    return names.indices.contains(index) ? names[index] : nil
  }

  /// Subject and detail as one sentence without a full stop: `event_time is not a time …`.
  public func text(_ definitions: Definitions) -> String {
    "\(fieldName(definitions) ?? "the record") \(detail)"
  }

  /// As `text`, without the names of fields that the configuration adds.
  public var description: String {
    let name = field.map { $0.name.isEmpty ? "a field" : $0.name }
    return "\(name ?? "the record") \(detail)"
  }
}

extension Rejection {
  /// Of which nothing more is known than the reason.
  public static let malformedJSON = Rejection(.malformedJSON, nil, .isNoObject)
  public static let malformedAvro = Rejection(.malformedAvro, nil, .doesNotFitSchema)
  public static let malformedProtobuf = Rejection(.malformedProtobuf, nil, .doesNotFitSchema)
  public static let unknownSchema = Rejection(.unknownSchema, nil, .hasUnknownSchema)
}
