// Safety: buffers and addresses are lent to socket calls for their length only.

import Attribution
import Codec
import Dashboard
import Foundation
import Glibc
import Reporting
import Service
import Synchronization

/// A server on a free port, over a board that tests fill.
package final class TestServer: Sendable {
  package static let now: Milliseconds = Time.parse("2026-01-05T12:00:40Z")!
  package static let start: Milliseconds = Time.parse("2026-01-05T11:00:00Z")!

  package let live: LiveBoard
  package let conversions = LiveConversions(ConversionIndex(models: definitions.models))
  package let hub = EventHub()
  package let metrics = Metrics()
  package let port: Int
  private let server: HTTPServer
  private let dashboard: DashboardResponder
  private let changeCount = Mutex<Int64>(0)

  package static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    definitions.views.append(
      View(name: "ad_5m", dimensions: [.campaignID, .adID], periodMilliseconds: 300_000))
    return definitions
  }()

  package init(_ change: (inout HTTPServer.Settings) -> Void = { _ in }) throws {
    live = LiveBoard(Self.definitions, partitionCount: 1)
    var settings = HTTPServer.Settings()
    settings.port = 0
    change(&settings)
    dashboard = DashboardResponder(
      live, conversions: KnownConversion(), newest: conversions, health: StillHealth(hub: hub),
      metrics: metrics, basePath: settings.basePath, now: { Self.now })
    server = HTTPServer(settings, dashboard, hub: hub)
    port = try server.start()
    hub.publish("status", dashboard.status())
  }

  deinit { server.stop() }

  /// Two campaigns and one channel in twelve windows; the last two are open, the first was corrected.
  package func fill() {
    var records: [RollupsRecord] = []
    for window in 0..<12 {
      for (view, names) in [("campaign_5m", ["c-1", "c-2 Été"]), ("channel_5m", ["email"])] {
        for (index, name) in names.enumerated() {
          let clicks = Int64(window + index + 1)
          records.append(.rollup(Self.rollup(view, name, window, clicks, 1, isFinal: window < 10)))
          if window == 0, index == 0 {
            records.append(.rollup(Self.rollup(view, name, window, clicks + 5, 2, isFinal: true)))
          }
        }
      }
    }
    records.append(.progress(partition: 0, finalThrough: Self.start + 10 * 300_000))
    live.apply(records)
    conversions.update(isCaughtUp: true) { index in
      for number in 1...4 {
        let conversion = Self.conversion(number)
        index.apply(conversion, of: conversion.conversionID)
      }
    }
  }

  /// The ads of the first window.
  package func fillAds() {
    let ads = [("c-1", "=a0"), ("c-2 Été", "=a1"), ("c-2 Été", "=a2")]
    live.apply(
      ads.map { campaign, ad in
        var rollup = Self.rollup("ad_5m", campaign, 0, 3, 1, isFinal: true)
        rollup.key.dimensions = [campaign, ad]
        return .rollup(rollup)
      })
  }

  /// Has the open window of a campaign get more clicks, and tells everybody.
  package func makeNews() {
    let count = changeCount.withLock { count in
      count += 1
      return count
    }
    live.apply([
      .rollup(Self.rollup("campaign_5m", "c-1", 11, 12 + count, 1 + count, isFinal: false))
    ])
    hub.publish("status", dashboard.status())
  }

  /// A campaign whose name a spreadsheet would take for a formula, in the first window.
  package func fillWithFormula() {
    live.apply([.rollup(Self.rollup("campaign_5m", "=1+1", 0, 1, 1, isFinal: true))])
  }

  /// The first is unattributed; the others have a touch of `c-1` by email an hour before them, and so many less two of
  /// `c-2 Été` by search after it, half a minute before the conversion. The last touch takes all, linear shares.
  package static func conversion(_ number: Int) -> PublishedAttribution {
    let time = start + Milliseconds(number) * 300_000
    var touches: [PublishedAttribution.Touch] = []
    for index in 0..<max(0, number - 1) {
      touches.append(
        .init(
          kind: .click, time: time - (index == 0 ? 3_600_000 : 30_000), eventID: "k\(index)",
          campaignID: index == 0 ? "c-1" : "c-2 Été", channel: index == 0 ? "email" : "search",
          adID: "=a\(index)"))
    }
    let count = Int64(touches.count)
    func shares(_ whole: Int64) -> [String: [Int64]] {
      [
        "last_touch": touches.indices.map { $0 == touches.count - 1 ? whole : 0 },
        "linear": touches.map { _ in whole / max(1, count) },
      ]
    }
    return PublishedAttribution(
      conversionID: number == 2 ? "v/1 ü" : "v-\(number)", userID: "u-\(number)", time: time,
      value: 12_000_000,
      currency: "EUR", touches: touches, credits: shares(1_000_000), revenues: shares(12_000_000),
      revision: 1)
  }

  private static func rollup(
    _ view: String, _ name: String, _ window: Int, _ clicks: Int64, _ revision: Int64, isFinal: Bool
  ) -> Rollup {
    var sums = RollupSums(modelCount: 2)
    sums.clicks = clicks
    sums.impressions = name == "email" ? 0 : 3 * clicks
    sums.users = 1
    sums.spend = MicrosSum(clicks) * 333_333
    sums.credits = [1_000_000, 500_000]
    sums.revenues = [MicrosSum(clicks) * 1_000_000, MicrosSum(clicks) * 750_000]
    let start = start + Milliseconds(window) * 300_000
    return Rollup(
      key: RollupKey(view: view, dimensions: [name], windowStart: start),
      windowEnd: start + 300_000, sums: sums, isFinal: isFinal, revision: revision,
      watermark: start)
  }

  // MARK: Asking it

  package struct Answer {
    package var status: Int
    package var headers: String
    package var body: String

    package var json: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
    }
  }

  /// A well-formed GET.
  package func get(_ target: String, _ headers: [String] = []) -> Answer {
    let lines = ["GET \(target) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
    return send(lines.joined(separator: "\r\n") + "\r\n\r\n")
  }

  /// Sends bytes as they are and reads until the server closes, or for so many seconds.
  package func send(_ text: String, seconds: Int = 10) -> Answer {
    let descriptor = connect()
    defer { close(descriptor) }
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    _ = Array(text.utf8).withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    return Self.read(descriptor)
  }

  package func connect() -> Int32 { Self.connect(to: port) }

  package static func connect(to port: Int) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return descriptor
  }

  package static func read(_ descriptor: Int32) -> Answer {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      bytes += buffer.prefix(count)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let parts = text.components(separatedBy: "\r\n\r\n")
    let status = Int(parts[0].split(separator: " ").dropFirst().first ?? "") ?? 0
    return Answer(
      status: status, headers: parts[0].lowercased(),
      body: parts.dropFirst().joined(separator: "\r\n\r\n"))
  }
}

private struct StillHealth: HealthSource {
  let hub: EventHub

  var health: Health {
    Health(
      obstacles: [],
      partitions: [Health.Partition(topic: "rollups", partition: 0, position: 7, lag: 2)])
  }

  func refresh(_ metrics: Metrics) {
    metrics.define("tributary_event_streams", .gauge, help: "Pages that listen for news.")
    metrics.set("tributary_event_streams", to: Double(hub.listenerCount))
  }
}

private struct KnownConversion: ConversionSource {
  func explanation(
    of conversionID: String, check: @escaping () throws -> Void
  ) throws -> ConversionExplanation? {
    guard conversionID == "v/1 ü" else { return nil }
    let touch = PublishedAttribution.Touch(kind: .click, time: 0, eventID: "k", campaignID: "c")
    return ConversionExplanation(
      revisions: [
        PublishedAttribution(
          conversionID: conversionID, userID: "u", time: 1_000, value: 5, currency: "EUR",
          touches: [touch], credits: ["linear": [1_000_000]], revenues: ["linear": [5]],
          revision: 1)
      ], touches: [.init(touch)], TestServer.definitions)
  }
}
