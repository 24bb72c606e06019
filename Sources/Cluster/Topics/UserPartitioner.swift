import Attribution
import Configuration
import Kafka

/// Where the events of a user belong, by the partitioner that the producers of keyed inputs use.
///
/// No allocation. About as many instructions as the user's id has bytes.
public struct UserPartitioner: Sendable {
  private let partitioner: InputPartitioner
  private let count: Int32
  private let checksum = CRC32()

  /// - Parameter count: partitions of every keyed input.
  /// - Returns: nil where every record is in the right partition, or nobody knows.
  public init?(_ partitioner: InputPartitioner, count: Int32) {
    guard partitioner != .unchecked, count > 1 else { return nil }
    self.partitioner = partitioner
    self.count = count
  }

  /// For whoever keys records: as producers do where that is known, else as Kafka's own clients.
  package init(choosing partitioner: InputPartitioner, count: Int32) {
    self.partitioner = partitioner == .consistent ? .consistent : .murmur2
    self.count = count
  }

  /// The partition that a user's events belong to.
  @inline(__always)
  public func partition(of user: BorrowedBytes) -> Int32 {
    switch partitioner {
    case .consistent:
      Int32(truncatingIfNeeded: checksum.value(of: user.buffer) % UInt32(bitPattern: count))
    default: StandardPartitioner.partition(key: user.buffer, count: count)
    }
  }
}
