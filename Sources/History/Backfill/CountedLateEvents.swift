import Attribution
import Codec
import Configuration

/// The late events that a backfill counts, as records of the deduped stream: every event that counts is there, whoever
/// counts it.
struct CountedLateEvents {
  struct Entry {
    var topic: String
    var key: [UInt8]
    var value: [UInt8]
  }

  private let topic: String?
  private let definitions: Definitions
  private var entries: [Entry] = []
  /// What a version that corrects its time replaces, found where it was.
  private var replaced: [RecordPosition: Int32] = [:]

  init(_ configuration: Configuration) {
    topic = configuration.topics.accepted
    definitions = configuration.definitions
  }

  /// Takes an event that counts in a slice. One that corrects its time is looked at where it is and where it was, and
  /// written in the later of the two, so that what it replaces is known.
  mutating func note(
    _ event: UnsafePointer<Event>, at place: RecordPosition, replaces: Int32?,
    in slice: BackfillSlice
  ) {
    guard let topic else { return }
    if let replaces { replaced[place] = replaces }
    let time = event.pointee.latestTime
    guard time >= slice.from, time < slice.to else { return }
    var writer = AcceptedWriter(definitions: definitions)
    writer.write(event, isLate: true, replaces: replaced.removeValue(forKey: place))
    entries.append(
      Entry(topic: topic, key: Array(AcceptedWriter.key(of: event)), value: Array(writer.bytes)))
  }

  /// Gives back what has been taken since the last time, in order.
  @discardableResult
  mutating func removeAll() -> [Entry] {
    defer { entries = [] }
    return entries
  }
}
