import Attribution
import Codec

/// What a stretch of the deduped stream changes: the last state of each event in it.
///
/// A version replaces what its id stood for. Where that lies before the stretch, the tables hold it, and the id is
/// among `former`.
public struct EventChanges: Sendable {
  /// Names an event through all its versions.
  struct Key: Hashable, Sendable {
    var kind: EventKind
    var id: ByteString

    init(_ event: PublishedEvent) {
      kind = event.kind
      id = ByteString(event.eventID)
    }
  }

  /// The event that counts now under an id; nil where it was taken back.
  private(set) var events: [Key: PublishedEvent?] = [:]
  /// Ids whose event of before the stretch counts no more.
  private(set) var former: Set<Key> = []
  /// Events that counted under an id that was free again when another took it: an id is remembered for the
  /// correction horizon only.
  private(set) var earlier: [PublishedEvent] = []

  /// How many changes there are.
  var count: Int { events.count + former.count + earlier.count }

  /// The events that count.
  var counted: [PublishedEvent] { events.values.compactMap { $0 } + earlier }

  /// Takes a record of the stream; records of one id come in order.
  mutating func add(_ event: PublishedEvent) {
    let key = Key(event)
    switch events[key] {
    case nil: if event.replaces != nil { former.insert(key) }
    case .some(let known):
      if event.replaces == nil, let known { earlier.append(known) }
    }
    events[key] = .some(event.isDeleted ? nil : event)
  }
}
