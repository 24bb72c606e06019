import Attribution
import Cluster
import Configuration
import Foundation
import Inputs
import Logging
import Pipeline
import Traffic

/// What the demo runs behind its table: the processor, and the traffic it lives on.
struct DemoWorks {
  private let processor: Processor
  private let processing: BackgroundTask<Processor.Summary>
  private let traffic: BackgroundTask<Void>
  private let stopTraffic = StopFlag()

  init(_ settings: Configuration, rate: Int, logger: Logger) throws {
    let preflight = try Preflight(settings, logger: logger)
    let plan = try preflight.plan()
    try preflight.checkHistory(plan)
    let processor = Processor(
      settings, plan: plan, log: KafkaLog(settings, plan: plan, logger: logger),
      output: try PublishedOutput(settings), stopsAtEnd: false, logger: logger)
    self.processor = processor
    processing = BackgroundTask("processor") { try processor.run() }
    let stop = stopTraffic
    traffic = BackgroundTask("traffic") {
      let now = Milliseconds(Date().timeIntervalSince1970 * 1_000)
      var generator = TrafficGenerator(DemoSettings.traffic(settings, rate: rate, now: now))
      try TrafficFeed(settings, pace: .arrival, isStopped: { stop.isRaised }, logger: logger).send(
        &generator)
    }
  }

  /// Whether there is no more to wait for.
  var hasFailed: Bool { processing.isOver || traffic.isOver }

  /// Stops both and tells what was processed; throws what either failed with.
  func stop() throws -> Processor.Summary {
    stopTraffic.raise()
    let sending = Result { try traffic.join() }
    processor.stop()
    let summary = try processing.join()
    try sending.get()
    return summary
  }
}
