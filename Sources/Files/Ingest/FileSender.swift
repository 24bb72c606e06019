import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Kafka

/// Brings the records of one file into its topic, in transactions that also say how far they go.
struct FileSender {
  /// What ends a transaction: well before brokers end it themselves.
  private enum Limit {
    static let bytes = 8 << 20
    static let duration = Duration.seconds(2)
  }

  let file: InputFile
  let key: String
  let topic: String
  let timestamps: FileIngest.Timestamps
  let definitions: Definitions
  /// Records per second; nil for as fast as possible.
  let rate: Int?
  /// The most records of one transaction.
  let transactionSize: Int
  let now: () -> Milliseconds

  /// Sends what the ledger does not have yet.
  ///
  /// Throws `FileError` when the file is not what it was, `KafkaError` when the transaction failed:
  /// then a new producer, and the ledger read again, say where to go on.
  ///
  /// - Parameters:
  ///   - start: how far the file is in the topic.
  ///   - isUnchanged: asked before each commit whether the file is the one that was surveyed.
  ///   - onCommit: told how far the file is in the topic.
  /// - Returns: whether all is in the topic; false when `shouldStop` came between.
  func send(
    from start: FileLedger.Entry, _ ledger: inout FileLedger, _ producer: any LogProducer,
    isUnchanged: () -> Bool, shouldStop: () -> Bool, onCommit: (FileLedger.Entry) -> Void
  ) throws -> Bool {
    let source = try file.open(currency: definitions.currency)
    var entry = start
    for _ in 0..<entry.done {
      guard try source.next({ _ in }) else { throw changed }
    }
    var chunk = Chunk(self)
    while true {
      // A transaction must not be open while bytes are waited for: the broker would end it.
      try file.content.awaitBytes()
      try producer.begin()
      let isOver = try chunk.fill(from: source, to: producer, shouldStop)
      guard isUnchanged() else { throw changed }
      entry.done += chunk.records
      if chunk.filtered > 0 { entry.filtered = (entry.filtered ?? 0) + chunk.filtered }
      if isOver, entry.done != entry.records { throw changed }
      try ledger.write(entry, key, to: producer)
      try producer.commit()
      ledger.note(entry, key)
      onCommit(entry)
      if isOver { return true }
      if shouldStop() { return false }
    }
  }

  private var changed: FileError {
    FileError("\(file.path) has changed while it was taken; what is in the topics stays there")
  }

  /// One transaction's worth of records.
  private struct Chunk {
    private let sender: FileSender
    private var decoder: EventDecoder
    /// Records of the file.
    private(set) var records = 0
    /// Those among them that went nowhere.
    private(set) var filtered = 0

    init(_ sender: FileSender) {
      self.sender = sender
      decoder = EventDecoder(
        kind: sender.file.kind, definitions: sender.definitions.withoutPseudonyms)
    }

    /// Returns whether the file is over.
    mutating func fill(
      from source: any RecordSource, to producer: any LogProducer, _ shouldStop: () -> Bool
    ) throws -> Bool {
      records = 0
      filtered = 0
      var bytes = 0
      let began = ContinuousClock.now
      while records < sender.transactionSize, bytes < Limit.bytes {
        let isMore = try source.next { record in
          guard !record.isFiltered else {
            filtered += 1
            return
          }
          bytes += record.bytes.count
          try send(record, to: producer)
        }
        guard isMore else { return true }
        records += 1
        if sender.rate != nil {
          waitUntilDue(began)
        } else if records % 256 != 0 {
          continue
        }
        if shouldStop() || sender.file.content.isShort || began.duration(to: .now) > Limit.duration
        {
          return false
        }
      }
      return false
    }

    private mutating func send(_ record: FileRecord, to producer: any LogProducer) throws {
      let now = sender.now()
      let kind = sender.file.kind
      var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
      defer { decoder.recycle() }
      let isUsable = decoder.decode(record.bytes, recordTimestamp: now, into: &event) == nil
      let key = isUsable ? (kind == .cost ? event.campaignID : event.userID).buffer : nil
      let isDated = isUsable && sender.timestamps == .event && event.time >= 0
      try producer.produce(
        sender.topic, partition: nil, key: key, value: record.bytes,
        timestamp: isDated ? min(event.time, now) : nil, headers: [])
    }

    private func waitUntilDue(_ began: ContinuousClock.Instant) {
      guard let rate = sender.rate else { return }
      let due = began + .microseconds(records * 1_000_000 / rate)
      let seconds = ContinuousClock.now.duration(to: due) / .seconds(1)
      if seconds > 0.002 { Thread.sleep(forTimeInterval: min(seconds, 1)) }
    }
  }
}
