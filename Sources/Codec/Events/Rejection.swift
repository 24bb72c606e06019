/// Why a record can never be used: the `reason` header of its dead letter (contract, section 2).
///
/// Of several faults in one record the first in this order is reported.
public enum Rejection: String, CaseIterable, Sendable, Error {
  case tooLarge = "too_large"
  case malformedJSON = "malformed_json"
  case missingField = "missing_field"
  case invalidField = "invalid_field"
  case futureEvent = "future_event"
  case wrongCurrency = "wrong_currency"
}
