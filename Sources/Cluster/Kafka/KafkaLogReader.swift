import Kafka

final class KafkaLogReader: LogReader {
  /// Records per read: enough to amortise the call, few enough to keep rows in cache.
  private static let batchSize = 256

  private let consumer: Consumer
  private let queue: PartitionQueue
  private let batch = RecordBatch(capacity: batchSize)

  init(_ consumer: Consumer, _ queue: PartitionQueue) {
    self.consumer = consumer
    self.queue = queue
  }

  func read() throws -> Int { try queue.read(into: batch) }
  subscript(index: Int) -> Record { batch[index] }
  func visit(count: Int, _ body: (Record) -> Bool) { batch.visit(body) }
  var reachedEnd: Int64? { batch.endOffset }
  var isPaused: Bool { queue.isPaused }
  var endOffset: Int64? { consumer.knownEndOffset(of: queue.topicPartition) }
}
