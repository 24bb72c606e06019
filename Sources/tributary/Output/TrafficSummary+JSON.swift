import Attribution
import Codec
import Traffic

extension TrafficSummary {
  /// The known truth of generated traffic, by input.
  var json: String {
    let names: [(String, EventKind)] = [
      ("impressions", .impression), ("clicks", .click), ("conversions", .conversion),
      ("costs", .cost),
    ]
    return JSONWriter.object { writer in
      for (name, kind) in names {
        writer.object(name) {
          $0.field("records", records(kind))
          $0.field("accepted", accepted(kind))
          $0.field("replaced", count(kind, .version))
          $0.field("late", count(kind, .late))
          $0.field("duplicates", count(kind, .duplicate))
          $0.field("dead_letters", malformed(kind))
          $0.field("too_late", count(kind, .tooLate))
        }
      }
    }
  }
}
