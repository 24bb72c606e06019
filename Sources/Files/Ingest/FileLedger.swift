import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Logging

extension Configuration {
  /// How far files have been taken into the input topics.
  public var filesTopic: String { applicationID + "-files" }
}

/// How many records of which file are in the input topics. Its entries are written in the transactions
/// that bring the records, to a compacted topic of one partition, keyed by kind and content.
struct FileLedger {
  /// What the topic says of a file.
  struct Entry: Codable, Equatable {
    /// The path it had, for people.
    var file: String
    /// Records that have been taken, from the first on.
    var done: Int
    /// Records that there are.
    var records: Int
    /// Those among `done` that went nowhere, because they are for no entry of `inputs`; nil for none.
    var filtered: Int?
    /// How often the file has been taken once more; nil for never.
    var again: Int?

    /// Records that are in the topic.
    var sent: Int { done - (filtered ?? 0) }

    var isComplete: Bool { done >= records }
  }

  private let topic: String
  private var entries: [String: Entry] = [:]

  /// Reads all of the ledger. Call once the producer has fenced whoever wrote there before.
  init(_ configuration: Configuration, _ log: any Log) throws {
    topic = configuration.filesTopic
    var entries: [String: Entry] = [:]
    try log.readThrough(TopicPartition(topic: topic, partition: 0)) { record in
      guard let key = record.key else { return }
      let name = String(decoding: key, as: UTF8.self)
      guard let value = record.value else {
        entries[name] = nil
        return
      }
      guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(value)) else {
        throw OperatorError(
          "\(configuration.filesTopic) holds a record that this program cannot read")
      }
      entries[name] = entry
    }
    self.entries = entries
  }

  subscript(key: String) -> Entry? { entries[key] }

  /// What a file is called in the ledger: the same content is the same file, wherever it lies.
  ///
  /// - Parameter identity: of the content.
  static func key(_ file: InputFile, _ identity: String) -> String {
    "\(file.kind.inputName)|\(identity)" + (file.table.map { "|\($0)" } ?? "")
  }

  /// Writes an entry into the open transaction.
  func write(_ entry: Entry, _ key: String, to producer: any LogProducer) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let value = try encoder.encode(entry)
    try Array(key.utf8).withUnsafeBytes { key in
      try Array(value).withUnsafeBytes { value in
        try producer.produce(
          topic, partition: 0, key: key, value: value, timestamp: nil, headers: [])
      }
    }
  }

  /// Takes note of an entry that has been committed.
  mutating func note(_ entry: Entry, _ key: String) { entries[key] = entry }

  // MARK: The topic

  /// Makes the topic if it is missing. Throws `OperatorError` or `KafkaError`.
  static func createTopic(_ configuration: Configuration, logger: Logger) throws {
    try TopicAdministration(configuration, logger: logger).createCompacted(configuration.filesTopic)
  }
}
