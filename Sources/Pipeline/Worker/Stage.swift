import Attribution
import Cluster
import Configuration
import Inputs
import Kafka
import Logging

/// One of the two stages, as its worker drives it: what it does with the partitions that it owns.
///
/// The worker decides when to commit, hand over and start again; the stage reads, computes and writes.
/// One thread.
package protocol Stage: AnyObject {
  /// The topics it reads.
  var topics: [String] { get }
  /// Rows taken, or to be written, since the last commit: what its transaction grows with.
  var uncommittedRows: Int { get }
  /// Whether more than one commit interval may go into a commit: nobody waits for it.
  var isCatchingUp: Bool { get }
  /// Whether the next commit should not wait for its time.
  var wantsCommit: Bool { get }
  /// Whether a commit would write anything.
  var hasChanges: Bool { get }
  /// Whether what was said before is due to be said again, though nothing has changed.
  var isRepetitionDue: Bool { get }
  /// The next offset to read of every partition that it owns.
  var positions: [TopicPartition: Int64] { get }

  /// Takes note of the partitions that it owns from now on. Does not block: what is to be known and read of
  /// them is asked for and read by `advance`.
  func assign(_ partitions: [TopicPartition]) throws
  /// Whether partitions are on their way from their assignment to their first row, and not held up.
  var isOpening: Bool { get }
  /// What keeps partitions from being processed, in words.
  var obstacles: [String] { get }
  /// In words what it has taken over.
  var summary: String { get }
  /// Gives every partition up and forgets what has not been committed.
  func drop()
  /// Gives every partition up right after a commit. What is remembered of them may be kept until the next assignment.
  func suspend()
  /// Opens partitions that are on their way, and takes what has arrived of the others; returns how many rows that
  /// was. Does not block.
  func advance() throws -> Int
  /// Lets wall time pass.
  func advanceClock()
  /// Writes everything that has changed since the last commit.
  func writeEffects() throws
  /// The transaction has made it durable.
  func didCommit()
  /// Enters how its partitions stand.
  func describe(_ report: inout WorkerReport)
}

extension Stage {
  package var isRepetitionDue: Bool { false }
  package func suspend() { drop() }
}

/// What a stage works with: its worker's clients, and where everything is.
package final class StageContext {
  /// Of the worker, among those of its process.
  let name: String
  let configuration: Configuration
  let plan: TopicPlan
  let log: any Log
  let logger: Logger
  let meter: Meter
  let process: ProcessContext
  let consumer: any LogConsumer
  /// Where its partitions end, asked for all of them at once.
  let ends: EndProbe
  let group: String
  let collector: RecordCollector
  private let inputPlans: InputPlans

  init(
    _ name: WorkerName, configuration: Configuration, plan: TopicPlan, log: any Log,
    logger: Logger, meter: Meter, process: ProcessContext
  ) throws {
    inputPlans = try process.inputs.plans(of: configuration)
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.logger = logger
    self.meter = meter
    self.process = process
    self.name = name.transactionalID
    collector = try RecordCollector(
      log: log, transactionalID: name.transactionalID, configuration: configuration,
      deltaPartitions: plan.rollupPartitions, schema: process.output.schemas?.attribution,
      recordLimit: plan.recordLimit)
    group = name.group
    ends = EndProbe(log.prober)
    consumer = try log.makeConsumer(group: name.group, member: name.instanceID)
  }

  /// How the records of an input become events.
  func inputPlan(of topic: String) throws -> InputPlan {
    guard let plan = inputPlans.plan(of: topic) else {
      throw OperatorError("\(topic) is no input of the configuration")
    }
    return plan
  }

  var clock: ProcessClock { process.clock }
  var random: () -> UInt64 { process.random }
  /// Monotonic, in milliseconds.
  func now() -> Milliseconds { process.clock.monotonic() }
}
