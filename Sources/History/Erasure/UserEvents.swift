// Safety: an event lends bytes of its record, for one call; what is kept of it is copied in that call.

import Attribution
import Cluster
import Codec
import Inputs
import Kafka

/// The events of one user, each by its last version, with the version that would delete it.
struct UserEvents {
  /// A version that takes an event back.
  struct Deletion {
    var kind: EventKind
    var time: Milliseconds
    /// Where the last version of the event came.
    var place: TopicPartition
    /// As its producers key it.
    var key: [UInt8]?
    /// nil where the topic has a form of its own.
    var value: [UInt8]?

    func produce(to producer: any LogProducer) throws {
      guard let value else { return }
      try value.withUnsafeBytes { value in
        guard let key else {
          return try producer.produce(
            place.topic, partition: place.partition, key: nil, value: value, timestamp: nil,
            headers: [])
        }
        try key.withUnsafeBytes { key in
          try producer.produce(
            place.topic, partition: place.partition, key: key, value: value, timestamp: nil,
            headers: [])
        }
      }
    }
  }

  private struct Identity: Hashable {
    var kind: EventKind
    var id: ByteString
  }

  private struct Entry {
    var version: Int32
    /// nil where that version deletes it.
    var deletion: Deletion?
  }

  private let user: [UInt8]
  private let definitions: Definitions
  private var entries: [Identity: Entry] = [:]

  /// - Parameter user: the id as it comes.
  init(_ user: String, _ definitions: Definitions) {
    self.user = Array(user.utf8)
    self.definitions = definitions.withoutPseudonyms
  }

  /// By topic, partition and time.
  var deletions: [Deletion] {
    entries.values.compactMap(\.deletion).sorted {
      ($0.place, $0.time, $0.kind.rawValue) < ($1.place, $1.time, $1.kind.rawValue)
    }
  }

  /// Events whose last version deletes them.
  var deletedCount: Int { entries.values.count { $0.deletion == nil } }

  /// Reads a partition of an input through.
  mutating func read(
    _ partition: TopicPartition, _ plan: InputPlan, from log: any ArchiveLog
  ) throws {
    let end = try log.ends(of: [partition])[partition] ?? 0
    var decoder = InputDecoder(plan, definitions: definitions)
    var event = Event(kind: plan.kinds[0], time: 0, eventID: .empty, userID: .empty)
    var writer = AcceptedWriter(definitions: definitions)
    try log.readThrough(partition, of: plan) { record in
      defer { decoder.recycle() }
      guard record.offset < end else { return }
      let input = InputRecord(record, withHeaders: plan.needsHeaders)
      guard try decoder.decode(input, into: &event) == .event, event.kind != .cost,
        event.userID.buffer.elementsEqual(user)
      else { return }
      try note(event, record.key.map { Array($0) }, partition, plan, &writer)
    }
  }

  private mutating func note(
    _ event: Event, _ key: [UInt8]?, _ partition: TopicPartition, _ plan: InputPlan,
    _ writer: inout AcceptedWriter
  ) throws {
    let identity = Identity(kind: event.kind, id: ByteString(event.eventID))
    // Of equal versions the first counts.
    if let known = entries[identity], known.version >= event.version { return }
    var entry = Entry(version: event.version)
    if !event.isDeleted {
      guard event.version < .max else {
        throw OperatorError(
          "\(partition): an event of the user has version \(event.version), which no version can follow; nothing was "
            + "written")
      }
      entry.deletion = Deletion(
        kind: event.kind, time: event.time, place: partition, key: key,
        value: plan.ownKind == nil ? nil : Self.deletion(of: event, &writer))
    }
    entries[identity] = entry
  }

  /// The event's next version, which counts for nothing and says no more than it must.
  private static func deletion(of event: Event, _ writer: inout AcceptedWriter) -> [UInt8] {
    var deletion = event
    deletion.version += 1
    deletion.isDeleted = true
    deletion.originalTime = nil
    deletion.hasAmount = false
    deletion.hasCurrency = false
    deletion.sessionID = .empty
    deletion.ip = .empty
    return withUnsafePointer(to: deletion) {
      writer.write($0, isLate: false, replaces: nil)
      return Array(writer.bytes)
    }
  }
}
