import Kafka

/// An input's next record is gone: its log begins behind it by now, or has become shorter. The next take-over
/// says which.
struct InputOvertaken: Error, CustomStringConvertible {
  let partition: TopicPartition
  let position: Int64

  var description: String {
    "\(partition) no longer holds offset \(position), which comes next"
  }
}
