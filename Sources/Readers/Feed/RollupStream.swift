// Safety: keys and values are lent for one call and handed on as such.

import Cluster
import Configuration
import Inputs
import Kafka
import Logging
import Reporting

/// The records of the rollups topic from its beginning on, as they come; holds none of them.
public final class RollupStream {
  /// Records that could not be read: of another version, or under other definitions.
  public private(set) var unreadable = 0
  /// How many publications of rollups have come by, those that nobody wanted included.
  private(set) var publicationCount = 0

  private let follower: TopicFollower
  private let reader: RollupsRecordReader
  private let forms: PublishedForms
  private let logger: Logger

  /// Rollups of views that the configuration does not have are not decoded.
  public init(_ configuration: Configuration, logger: Logger) throws {
    follower = try TopicFollower(configuration.topics.rollups, configuration, logger: logger)
    forms = try PublishedForms(configuration)
    reader = RollupsRecordReader(definitions: configuration.definitions)
    self.logger = logger
  }

  public var partitionCount: Int { follower.partitionCount }

  /// Whether everything that the topic held at the beginning has been read.
  public var isCaughtUp: Bool { follower.isCaughtUp }

  /// Lends what has arrived; does not block.
  ///
  /// - Parameters:
  ///   - isUnwanted: tells by a record's key that it need not be decoded.
  ///   - body: gets every other record that can be read, and its value as JSON.
  /// - Returns: whether there was anything.
  public func advance(
    passing isUnwanted: (UnsafeRawBufferPointer) -> Bool = { _ in false },
    _ body: (RollupsRecord, UnsafeRawBufferPointer?) throws -> Void
  ) throws -> Bool {
    let count = try follower.read { record in
      guard let key = record.key else { return }
      if key.first != UInt8(ascii: "@") { publicationCount += 1 }
      if isUnwanted(key) { return }
      try lend(key, record.value, to: body)
    }
    return count > 0
  }

  private func lend(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?,
    to body: (RollupsRecord, UnsafeRawBufferPointer?) throws -> Void
  ) throws {
    do {
      try forms.withJSON(orNothing: value) { json in
        let read = try reader.read(key: key, value: json)
        do { try body(read, json) } catch { throw TakerFailure(error: error) }
      }
    } catch let failure as TakerFailure {
      throw failure.error
    } catch let error as SchemaUnavailable {
      throw error
    } catch {
      unreadable += 1
      if unreadable == 1 {
        logger.warning("a record of the rollups topic cannot be read: \(error)")
      }
    }
  }

  /// What went wrong where a record was taken, not where it was read.
  private struct TakerFailure: Error {
    let error: any Error
  }

  /// Reads everything once more.
  func startAgain() throws { try follower.startAgain() }

  /// Blocks until there is something to take, somebody wakes it, or the time is over.
  public func wait(milliseconds: Int32) { follower.wait(milliseconds: milliseconds) }

  /// Ends a wait, from any thread.
  public var waker: @Sendable () -> Void { { [follower] in follower.wake() } }

  public func close() { follower.close() }
}
