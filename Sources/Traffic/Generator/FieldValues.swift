import Attribution

/// Values of the fields that the definitions add to events, in every form that the contract allows.
///
/// A value is a function of the event, so that a copy which is written differently means the same. Fields of
/// `match_on` mostly belong to the user, so that touches and conversions meet, and now and then do not.
struct FieldValues {
  /// A field of one kind of event.
  private struct Field {
    var label: [UInt8]
    var name: String
    var number: UInt64
    var isMatching: Bool
  }

  private let fields: [[Field]]

  init(_ definitions: Definitions) {
    fields = EventKind.allCases.map { kind in
      let configured = definitions.fields(of: kind)
      return configured.names.enumerated().map { index, name in
        let isMatching = configured.matching.contains(index)
        // The same on touches and conversions.
        let number = isMatching ? 100 + index - configured.matching.lowerBound : index
        return Field(
          label: Array("\"\(name)\":".utf8), name: name, number: UInt64(number),
          isMatching: isMatching)
      }
    }
  }

  /// Appends an event's fields, each with a comma behind it.
  func append(_ event: PendingEvent, comma: [UInt8], to bytes: inout [UInt8]) {
    for field in fields[Int(event.kind.rawValue)] {
      let form = event.format >> 36 &+ field.number
      guard let value = value(of: field, event) else {
        // An absent field is left out, null, or "".
        guard form & 3 < 2 else { continue }
        bytes += field.label
        bytes += Array((form & 3 == 0 ? "null" : "\"\"").utf8)
        bytes += comma
        continue
      }
      bytes += field.label
      if Int(value) != nil, form & 1 == 0 {
        bytes += Array(value.utf8)
      } else {
        bytes += JSONText.quoted(value, escapesAll: form & 6 == 0)
      }
      bytes += comma
    }
  }

  private func value(of field: Field, _ event: PendingEvent) -> String? {
    let draw = SeededRandom.mix(event.identity &* 31 &+ field.number)
    let isUsers = field.isMatching && event.kind != .cost && draw >> 32 & 7 != 0
    let choice = isUsers ? SeededRandom.mix(event.user ^ field.number) : draw
    switch choice % 16 {
    case 0..<3: return nil
    case 3: return "17"
    case 4: return "\(field.name) Ü|50%"
    case 5 where choice >> 8 & 7 == 0: return unattributedName
    case let other: return "\(field.name)-\(other % 2 + 1)"
    }
  }
}
