// Safety: an event lends bytes of its record, for one call.

import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka
import Pipeline

/// An event that came too late and waits, or has waited, for a backfill.
public struct LateEvent {
  /// Where it is among the late events.
  public var place: RecordPosition
  /// Where it came from, in the partition of its record.
  public var source: RecordPlace
  /// The input topic that it came from.
  public var topic: String
  /// When it arrived: the record's own timestamp, in milliseconds.
  public var arrival: Milliseconds
  public var event: Event
  /// As it came, at its place in the input.
  public var record: InputRecord
  package var task: TaskID
}
