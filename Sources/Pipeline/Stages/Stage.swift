import Attribution
import Configuration
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
  var openRows: Int { get }
  /// Whether more than one commit interval may go into a commit: nobody waits for it.
  var isCatchingUp: Bool { get }
  /// Whether the next commit should not wait for its time.
  var wantsCommit: Bool { get }
  /// Whether a commit would write anything.
  var hasChanges: Bool { get }
  /// The next offset to read of every partition that it owns.
  var positions: [TopicPartition: Int64] { get }

  /// Takes partitions over and reads their state back. Says in words what it took.
  func takeOver(_ partitions: [TopicPartition]) throws -> String
  /// Gives every partition up and forgets what has not been committed.
  func drop()
  /// Takes what has arrived; returns how many rows that was. Does not block.
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

/// What a stage works with: its worker's clients, and where everything is.
package final class StageContext {
  let configuration: Configuration
  let plan: TopicPlan
  let log: any Log
  let logger: Logger
  let meter: Meter
  let now: () -> Milliseconds
  /// 64 random bits a call: what nobody may guess, and nothing that decides a number.
  let random: () -> UInt64
  let consumer: any LogConsumer
  let outbox: Outbox

  init(
    _ name: WorkerName, configuration: Configuration, plan: TopicPlan, log: any Log,
    logger: Logger, meter: Meter, now: @escaping () -> Milliseconds,
    random: @escaping () -> UInt64 = { .random(in: .min ... .max) }
  ) throws {
    self.random = random
    self.configuration = configuration
    self.plan = plan
    self.log = log
    self.logger = logger
    self.meter = meter
    self.now = now
    outbox = try Outbox(
      log: log, transactionalID: name.transactionalID, configuration: configuration,
      deltaPartitions: plan.rollupPartitions)
    consumer = try log.makeConsumer(group: name.group, member: name.instanceID)
  }
}
