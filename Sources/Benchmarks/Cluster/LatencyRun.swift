// Safety: `@unchecked Sendable` because the only mutable state is behind `sent`'s lock.

import Attribution
import Cluster
import Codec
import Configuration
import Foundation
import Kafka
import Logging
import Synchronization

/// How long a record takes to show in a committed rollup, while traffic comes at a fixed rate.
///
/// Every so often a click with a campaign of its own is among the traffic: the rollup of that campaign
/// appears with the commit that the click is part of. The latency is the time from the click's Kafka
/// timestamp to the moment at which a reader of committed records has that rollup.
public final class LatencyRun: @unchecked Sendable {
  /// What was measured, in milliseconds.
  public struct Result: Sendable {
    public var rate: Int
    public var samples: Int
    public var p50: Double
    public var p99: Double
    public var max: Double
  }

  private static let probesPerSecond = 50
  private static let prefix = "probe-"

  private let configuration: Configuration
  private let logger: Logger
  /// When each probe was sent, in milliseconds; nil once it has shown.
  private let sent = Mutex<[Double?]>([])
  private let isOver = Mutex(false)

  public init(_ configuration: Configuration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Sends traffic and follows the rollups; the processor must be running.
  ///
  /// - Parameters:
  ///   - rate: records per second.
  ///   - warmUp: seconds before the first probe that counts; the processor joins its group meanwhile.
  ///   - seconds: for how long probes are sent after that.
  public func run(rate: Int, warmUp: Double, seconds: Double) throws -> Result {
    let follower = try TopicFollower(
      configuration.topics.rollups, configuration, logger: logger)
    defer { follower.close() }
    let traffic = Thread { [self] in
      do { try send(rate: rate, seconds: warmUp + seconds) } catch {
        logger.error("the traffic of the latency run has ended: \(error)")
      }
      isOver.withLock { $0 = true }
    }
    traffic.start()
    let first = Int(warmUp * Double(LatencyRun.probesPerSecond))
    var latencies: [Double] = []
    var lastArrival = ContinuousClock.now
    // Ten seconds after the last probe whatever has not come is not coming.
    while !isOver.withLock({ $0 }) || missing > 0, lastArrival.duration(to: .now) < .seconds(30) {
      let count = try follower.read { record in
        guard let number = LatencyRun.probe(record.key) else { return }
        let now = LatencyRun.now
        let began = sent.withLock { sent in
          defer { sent[number] = nil }
          return sent[number]
        }
        guard let began else { return }
        lastArrival = .now
        if number >= first { latencies.append(now - began) }
      }
      if count == 0 { follower.wait(milliseconds: 10) }
    }
    latencies.sort()
    func quantile(_ fraction: Double) -> Double {
      latencies.isEmpty ? .nan : latencies[Int(fraction * Double(latencies.count - 1))]
    }
    return Result(
      rate: rate, samples: latencies.count, p50: quantile(0.5), p99: quantile(0.99),
      max: quantile(1))
  }

  private var missing: Int { sent.withLock { $0.count { $0 != nil } } }

  private static var now: Double { Date().timeIntervalSince1970 * 1_000 }

  // MARK: Traffic

  private func send(rate: Int, seconds: Double) throws {
    var options = Workload.Options()
    options.start = Milliseconds(LatencyRun.now)
    // In the workload's own time a warm-up takes 26 hours.
    options.warmUp = Int(26 * 3_600 * Double(rate))
    var workload = Workload(options)
    let producer = try Producer(ClientSettings.producer(configuration), logger: logger)
    defer { producer.close() }
    let clicks = try producer.topic(configuration.topics.clicks)
    let conversions = try producer.topic(configuration.topics.conversions)
    let began = ContinuousClock.now
    let total = Int(Double(rate) * seconds)
    for number in 0..<total {
      let due = began + .microseconds(number * 1_000_000 / rate)
      let early = ContinuousClock.now.duration(to: due) / .seconds(1)
      if early > 0.001 { Thread.sleep(forTimeInterval: early) }
      if number % (rate / LatencyRun.probesPerSecond) == 0 {
        try sendProbe(producer, clicks)
      } else {
        try workload.next { kind, key, value, _ in
          try producer.produce(kind == .click ? clicks : conversions, key: key, value: value)
        }
      }
    }
    try producer.flush(timeoutMilliseconds: 30_000)
  }

  private func sendProbe(_ producer: Producer, _ clicks: ProducerTopic) throws {
    let now = LatencyRun.now
    let number = sent.withLock { sent in
      sent.append(now)
      return sent.count - 1
    }
    let name = "\(LatencyRun.prefix)\(number)"
    let value =
      #"{"event_id":"\#(name)","user_id":"\#(name)","event_time":\#(Int64(now)),"campaign_id":"\#(name)"}"#
    try Array(name.utf8).withUnsafeBytes { key in
      try Array(value.utf8).withUnsafeBytes { value in
        try producer.produce(clicks, key: key, value: value, timestamp: Int64(now))
      }
    }
  }

  /// The number of the probe that a rollup's key names.
  private static func probe(_ key: UnsafeRawBufferPointer?) -> Int? {
    guard let key else { return nil }
    let parts = key.split(separator: UInt8(ascii: "|"))
    guard parts.count == 3, parts[1].starts(with: prefix.utf8) else { return nil }
    return Int(String(decoding: parts[1].dropFirst(prefix.utf8.count), as: UTF8.self))
  }
}
