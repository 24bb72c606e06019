import Attribution
import Codec

extension JSONWriter {
  /// A measure's value: a count as a number, anything else as a decimal string.
  package mutating func field(_ name: String, _ value: MicrosSum?, of unit: Measure.Unit) {
    switch unit {
    case .count: field(name, value.map { Int64($0) })
    case .micros: decimal(name, value)
    }
  }
}
