// Safety: owns one C object from `init` to `deinit`; it is self-contained, so it may outlive the
// consumer it came from.

internal import CRdkafka

/// Who a consumer is in its group now: member and generation.
///
/// A transactional producer sends it along with offsets, so that the broker refuses the commit of a
/// member that has lost its partitions. Take a fresh one for every transaction.
public final class ConsumerGroupMetadata {
  let pointer: OpaquePointer

  init(taking pointer: OpaquePointer) {
    self.pointer = pointer
  }

  /// The metadata of a group without a member, for offsets committed outside a membership
  /// (`assign`). The broker then checks no generation; fencing is the `transactional.id`'s alone.
  public init(group: String) {
    guard let pointer = rd_kafka_consumer_group_metadata_new(group) else {
      outOfMemory()
    }
    self.pointer = pointer
  }

  deinit {
    rd_kafka_consumer_group_metadata_destroy(pointer)
  }
}
