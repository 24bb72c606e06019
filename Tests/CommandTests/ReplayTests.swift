import Foundation
import Testing

/// A new application over the same inputs publishes what the former did: how definitions are changed.
@Suite struct ReplayTests {
  @Test func aNewApplicationReproducesWhatWasPublished() throws {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear, position_based]"])
    for (seed, start) in [("1", "2026-01-05T08:00:00Z"), ("2", "2026-01-05T09:00:00Z")] {
      // The second half finds the first one published, and corrects it.
      let traffic = try cluster.program.run(
        "generate", "--profile", "dense", "--events", "20000", "--users", "2000", "--late", "0.05",
        "--costs",
        "--seed", seed, "--start", start)
      #expect(traffic.status == 0, "\(traffic.errors)")
      #expect(try cluster.program.run("run", "--exit-at-end").status == 0)
    }

    var next = cluster.program
    next.environment["TRIBUTARY_APPLICATION_ID"] = "\(cluster.prefix)-next"
    let outputs = ["rollups", "attributions", "dead-letters", "late-events"]
    for name in outputs {
      let key = name.replacingOccurrences(of: "-", with: "_").uppercased()
      next.environment["TRIBUTARY_TOPICS_\(key)"] = "\(cluster.prefix)-next-\(name)"
    }
    _ = try next.run("topics", "create")
    let replay = try next.run("run", "--exit-at-end")
    #expect(replay.status == 0, "\(replay.errors)")

    for name in outputs.prefix(2) {
      let former = try numbers(of: "\(cluster.prefix)-\(name)", cluster)
      let again = try numbers(of: "\(cluster.prefix)-next-\(name)", cluster)
      #expect(former.count > 500)
      let differing = Set(former.keys).union(again.keys).filter { former[$0] != again[$0] }
      let first = differing.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
      #expect(differing.isEmpty, "\(name): \(differing.count) differ, as \(first)")
    }
    for name in outputs.suffix(2) {
      let former = try cluster.records(of: "\(cluster.prefix)-\(name)").compactMap(\.value)
      let again = try cluster.records(of: "\(cluster.prefix)-next-\(name)").compactMap(\.value)
      #expect(Set(former) == Set(again), "\(name)")
    }
  }

  private func isEmpty(_ rollup: [String: Any]) -> Bool {
    guard let credits = rollup["conversions"] as? [String: String] else { return false }
    return ["impressions", "clicks"].allSatisfy { rollup[$0] as? Int == 0 }
      && rollup["spend"] as? String == "0.000000"
      && credits.values.allSatisfy { $0 == "0.000000" }
  }

  /// The newest value of every key, without how often and when it was published.
  private func numbers(of topic: String, _ cluster: Cluster) throws -> [[UInt8]: NSDictionary] {
    var found: [[UInt8]: NSDictionary] = [:]
    for record in try cluster.records(of: topic) {
      guard let key = record.key, key.first != UInt8(ascii: "@"), let value = record.value else {
        continue
      }
      var fields = try #require(
        JSONSerialization.jsonObject(with: Data(value)) as? [String: Any])
      fields["revision"] = nil
      fields["watermark"] = nil
      // A bucket whose only credit has moved elsewhere is published with zeros, or never was.
      found[key] = isEmpty(fields) ? nil : fields as NSDictionary
    }
    return found
  }
}
