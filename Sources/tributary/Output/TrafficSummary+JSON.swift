import Attribution
import Traffic

extension TrafficSummary {
  /// The known truth of generated traffic, by input.
  var json: String {
    let names: [(String, EventKind)] = [
      ("impressions", .impression), ("clicks", .click), ("conversions", .conversion),
      ("costs", .cost),
    ]
    let inputs = names.map { name, kind in
      """
      "\(name)":{"records":\(records(kind)),"accepted":\(accepted(kind)),\
      "replaced":\(count(kind, .version)),"late":\(count(kind, .late)),"duplicates":\(count(kind, .duplicate)),\
      "dead_letters":\(malformed(kind)),"too_late":\(count(kind, .tooLate))}
      """
    }
    return "{\(inputs.joined(separator: ","))}"
  }
}
