// Safety: texts of conditions are lent from constants of the plan, which decoders hold.

import Codec

/// A plan's entries as `MappedReader` takes them, and what must be put down for it beside the values of the record.
final class EntryProgram {
  /// A value that is not in the record's value: a header, a key.
  struct Extra {
    enum What {
      case condition(Int)
      case field(Int)
    }

    var what: What
    /// Where it is put down.
    var slot: Int
  }

  /// By entry.
  private(set) var extraConditions: [[Extra]] = []
  private(set) var extraFields: [[Extra]] = []
  private(set) var slotCount: Int
  private var conditions: [[MappedReader.Condition]] = []
  private var fields: [[MappedReader.Field]] = []

  init(_ plan: InputPlan) {
    slotCount = plan.tree.slotCount
    for entry in plan.entries { add(entry) }
  }

  private func newSlot() -> Int {
    slotCount += 1
    return slotCount - 1
  }

  private func add(_ entry: EntryPlan) {
    var extras: [Extra] = []
    conditions.append(
      entry.conditions.enumerated().map { index, condition in
        let texts = condition.constants.map(\.value.span.text)
        if case .slot(let slot) = condition.source {
          return MappedReader.Condition(slot: slot, values: texts)
        }
        let slot = newSlot()
        extras.append(Extra(what: .condition(index), slot: slot))
        return MappedReader.Condition(slot: slot, values: texts)
      })
    extraConditions.append(extras)
    extras = []
    fields.append(
      entry.fields.enumerated().map { index, field in
        let slots = field.sources.compactMap { source -> Int? in
          if case .slot(let slot) = source { slot } else { nil }
        }
        if slots.count == field.sources.count {
          return MappedReader.Field(
            field.field, slots: slots, fallback: field.fallbackSpan, time: field.time)
        }
        let slot = newSlot()
        extras.append(Extra(what: .field(index), slot: slot))
        return MappedReader.Field(field.field, slots: [slot])
      })
    extraFields.append(extras)
  }

  /// - Parameter decoders: one for each entry.
  func reader(_ decoders: [EventDecoder], _ values: LocatedValues) -> MappedReader {
    MappedReader(
      decoders.indices.map {
        MappedReader.Entry(decoder: decoders[$0], conditions: conditions[$0], fields: fields[$0])
      }, values)
  }
}
