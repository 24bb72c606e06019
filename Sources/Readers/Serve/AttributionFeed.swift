import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Inputs
import Kafka
import Logging
import Reporting
import Synchronization

/// Keeps the newest conversions of the attributions topic at hand, on a thread of its own.
///
/// It begins so many records before the end of each partition as the index holds conversions, so that a long history
/// costs nothing. What goes wrong is logged and tried again: the rest of the dashboard does not need it.
final class AttributionFeed: Sendable {
  let conversions: LiveConversions
  private let settings: Configuration
  private let logger: Logger
  private let isStopped = Atomic(false)
  private let hasEnded = DispatchSemaphore(value: 0)

  /// The most conversions that are held, and records that are read at the start.
  private static let limit = 50_000
  private static let pause = Duration.seconds(10)

  init(_ settings: Configuration, logger: Logger) {
    self.settings = settings
    self.logger = logger
    conversions = LiveConversions(Self.emptyIndex(settings))
  }

  /// Begins to read. Call once.
  func start() {
    Thread.detachNewThread { [self] in
      defer { hasEnded.signal() }
      var said = ""
      while !isStopped.load(ordering: .relaxed) {
        do { try follow() } catch {
          if said != "\(error)" {
            logger.warning(
              "no conversions are listed until \(settings.topics.attributions) can be read: \(error)"
            )
          }
          said = "\(error)"
          waitToTryAgain()
        }
      }
    }
  }

  /// Returns once the thread, which must have been started, has ended; without it, if it waits for a broker.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    _ = hasEnded.wait(timeout: .now() + .seconds(2))
  }

  private func follow() throws {
    let (start, isPartial) = try beginning()
    let follower = try TopicFollower(
      settings.topics.attributions, from: start, settings, logger: logger)
    defer { follower.close() }
    let forms = try PublishedForms(settings)
    var index = Self.emptyIndex(settings)
    if isPartial { index.noteOlderOnes() }
    conversions.update(isCaughtUp: false) { $0 = index }
    var hasCaughtUp = false
    while !isStopped.load(ordering: .relaxed) {
      let found = try read(follower, forms)
      let isCaughtUp = follower.isCaughtUp
      if !found.isEmpty || isCaughtUp != hasCaughtUp {
        conversions.update(isCaughtUp: isCaughtUp) { index in
          for (id, attribution) in found { index.apply(attribution, of: id) }
        }
        hasCaughtUp = isCaughtUp
      }
      if found.isEmpty { follower.wait(milliseconds: 200) }
    }
  }

  private func read(
    _ follower: TopicFollower, _ forms: PublishedForms
  ) throws -> [(String, PublishedAttribution?)] {
    var found: [(String, PublishedAttribution?)] = []
    _ = try follower.read { record in
      guard let key = record.key else { return }
      do {
        found.append(
          (String(decoding: key, as: UTF8.self), try record.value.map(forms.attribution)))
      } catch let error as SchemaUnavailable {
        throw error
      } catch {
        logger.debug("a record of \(settings.topics.attributions) cannot be read: \(error)")
      }
    }
    return found
  }

  /// Where to begin, by partition, and whether there is something before.
  private func beginning() throws -> (start: [Int32: Int64], isPartial: Bool) {
    let reader = try TopicReader(settings, logger: logger)
    defer { reader.close() }
    let partitions = try reader.partitions(of: [settings.topics.attributions])
    let share = Int64(Self.limit / max(1, partitions.count))
    var start: [Int32: Int64] = [:]
    var isPartial = false
    for (name, end) in try reader.ends(of: partitions) where end > share {
      let first = try reader.start(of: name)
      guard end - share > first else { continue }
      start[name.partition] = end - share
      isPartial = true
    }
    return (start, isPartial)
  }

  /// Ends soon when the feed is stopped.
  private func waitToTryAgain() {
    let end = ContinuousClock.now + Self.pause
    while !isStopped.load(ordering: .relaxed), .now < end { usleep(50_000) }
  }

  private static func emptyIndex(_ settings: Configuration) -> ConversionIndex {
    ConversionIndex(models: settings.definitions.models, limit: limit)
  }
}
