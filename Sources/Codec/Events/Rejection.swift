/// Why a record can never be used: the `reason` header of its dead letter (contract, section 2).
///
/// Of several faults in one record the first in this order is reported.
public enum Rejection: String, CaseIterable, Sendable, Error {
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
