import Cluster
import Kafka

/// Where reading of an input begins when its task is taken over, by three witnesses: what the group has committed,
/// what the task's progress record says, and where the log begins and ends.
///
/// The progress record is what belongs to the state: both were written in one transaction, and so were the
/// group's offsets. Whatever does not fit has been changed by somebody else, and adding to it would corrupt
/// the numbers.
enum InputStart: Equatable {
  case at(Int64)
  /// The log begins behind the position: these offsets were gone before they were read.
  case behind(lost: Range<Int64>)

  /// - Parameters:
  ///   - remembered: where the progress record says that the input stands; nil without a record.
  ///   - committed: nil where the group has nothing, or has lost it after a long standstill.
  ///   - state: the topic of the progress record, for the message.
  static func decide(
    _ partition: TopicPartition, remembered: Int64?, committed: Int64?, _ bounds: LogBounds,
    group: String, state: String
  ) throws(OperatorError) -> InputStart {
    guard let remembered else {
      guard committed ?? 0 == 0 else {
        throw .doesNotFit(
          "\(state) holds nothing of the task that reads \(partition), but \(group) has processed "
            + "it to \(committed!)")
      }
      return .at(bounds.start)
    }
    if let committed, committed != remembered {
      throw OperatorError(
        "\(partition): \(group) has committed offset \(committed), but the state in \(state) was written "
          + "at offset \(remembered), so somebody has moved the group's offsets; put them back, or "
          + "`tributary reset` starts again from the beginning")
    }
    guard bounds.end >= remembered else {
      throw .madeAnew(
        "\(partition) ends at offset \(bounds.end), but was processed to \(remembered)")
    }
    return bounds.start > remembered ? .behind(lost: remembered..<bounds.start) : .at(remembered)
  }

  /// Refuses a log that holds something else where the last record was read. A record that is no longer
  /// there proves nothing.
  static func check(
    _ partition: TopicPartition, last: RecordFingerprint, found: RecordFingerprint?
  ) throws(OperatorError) {
    guard let found, found.offset == last.offset, found != last else { return }
    throw .madeAnew("\(partition) holds another record at offset \(last.offset) than was processed")
  }
}

extension OperatorError {
  static func doesNotFit(_ what: String) -> OperatorError {
    OperatorError(
      "\(what): it is another application's, or offsets, records or topics were deleted since; going on "
        + "would corrupt the numbers, `tributary reset` starts again from the beginning")
  }

  static func madeAnew(_ what: String) -> OperatorError {
    OperatorError(
      "\(what): the topic was made anew or cut short; going on would corrupt the numbers, `tributary "
        + "reset` starts again from the beginning")
  }

  static func lost(_ partition: TopicPartition, _ range: Range<Int64>) -> OperatorError {
    OperatorError(
      "\(partition) begins at offset \(range.upperBound), but was processed to \(range.lowerBound): "
        + "\(range.count) records were deleted before they were read; `on_lost_input: continue` goes on "
        + "without them and says so in every report that they may have touched")
  }

  static func otherPartitions(_ topics: [String], was: Int32, is count: Int32) -> OperatorError {
    OperatorError(
      "\(topics.joined(separator: ", ")) have \(count) partitions, but had \(was) when they were first "
        + "processed: a user's events no longer meet; replay them under a new application_id with "
        + "rollups and attributions topics of its own, or make them again with \(was)")
  }

  static func otherInputs(_ was: [String], is names: [String]) -> OperatorError {
    OperatorError(
      "the inputs are \(names.joined(separator: ", ")), but were \(was.joined(separator: ", ")) when "
        + "they were first processed; restore the former configuration, or replay under a new "
        + "application_id with rollups and attributions topics of its own")
  }
}

extension TaskCheckpoint {
  /// Refuses other inputs, or another number of partitions, than the task began with.
  func checkInputs(_ topics: [String], partitionCount count: Int32) throws(OperatorError) {
    let former = inputs.map(\.topic)
    guard former == topics else { throw .otherInputs(former, is: topics) }
    guard partitionCount == count else {
      throw .otherPartitions(topics, was: partitionCount, is: count)
    }
  }
}
