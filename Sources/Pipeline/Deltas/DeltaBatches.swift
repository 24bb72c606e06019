// Safety: `batches` is allocated and freed here; its index is a partition, which `StandardPartitioner`
// keeps below their number.

import Attribution
import Codec
import Kafka

/// The deltas that are not sent yet: a batch for each partition of the rollups.
struct DeltaBatches: ~Copyable {
  private let batches: UnsafeMutableBufferPointer<DeltaBatch>
  private var key: RollupKeyWriter

  /// - Parameters:
  ///   - views: those of the definitions.
  ///   - partitionCount: of the rollups.
  init(views: [View], partitionCount: Int32) {
    key = RollupKeyWriter(views: views)
    batches = .allocate(capacity: Int(partitionCount))
    for partition in batches.indices {
      batches.initializeElement(at: partition, to: DeltaBatch(views: views))
    }
  }

  deinit {
    batches.deinitialize()
    batches.deallocate()
  }

  /// Those that hold any.
  var filled: [Int] { batches.indices.filter { !batches[$0].isEmpty } }

  /// Adds a rollup's change to the batch of its partition; returns which that is once it is full.
  mutating func add(_ delta: RollupDelta) -> Int? {
    key.write(view: delta.view, windowStart: delta.windowStart) { delta.value($0) }
    let partition = Int(
      StandardPartitioner.partition(key: key.bytes, count: Int32(batches.count)))
    batches[partition].append(
      delta.sums, to: key.names, view: delta.view, windowStart: delta.windowStart)
    return batches[partition].isFull ? partition : nil
  }

  /// Lends the batch of a partition, as its record's value.
  mutating func withValue(
    of partition: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    try batches[partition].withValue(body)
  }

  mutating func removeAll(of partition: Int) { batches[partition].removeAll() }

  mutating func removeAll() {
    for partition in batches.indices { batches[partition].removeAll() }
  }
}
