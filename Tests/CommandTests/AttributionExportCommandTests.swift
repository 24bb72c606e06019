import Codec
import Foundation
import TestServers
import Testing

/// `export --records attributions`, over a broker: what `verify` finds right in the topic is what the files hold,
/// however often the export is killed.
@Suite(.serialized) struct AttributionExportCommandTests {
  private static let days = ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]
  private static let period = ["--from", days[0], "--to", days[2]]

  private func expectSuccess(_ cluster: Cluster, _ arguments: String...) throws -> String {
    let result = try cluster.program.run(arguments: arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result.output
  }

  private func filledCluster() throws -> Cluster {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    for (number, day) in Self.days.enumerated() {
      _ = try expectSuccess(
        cluster, "generate", "--profile", "dense", "--events", "4000", "--seed", "\(number + 5)",
        "--start", "\(day)T05:00:00Z", "--users", "200", "--malformed", "0", "--late", "0.05",
        "--version-rate", "0.1")
    }
    _ = try expectSuccess(cluster, "run", "--exit-at-end")
    #expect(try expectSuccess(cluster, "verify", "--all").contains("0 differences"))
    return cluster
  }

  /// The newest record of each conversion, by the UTC day of its time.
  private func published(_ cluster: Cluster) throws -> [String: Set<String>] {
    var newest: [[UInt8]: [UInt8]] = [:]
    for record in try cluster.records(of: "\(cluster.prefix)-attributions") {
      newest[try #require(record.key)] = try #require(record.value)
    }
    var days: [String: Set<String>] = [:]
    for value in newest.values {
      let time = Time.formatMilliseconds(try AttributionCodec.decode(value).time)
      days[String(time.prefix(10)), default: []].insert(String(decoding: value, as: UTF8.self))
    }
    return days
  }

  private func lines(_ folder: TemporaryFolder, _ name: String) throws -> [String] {
    try String(contentsOfFile: folder.url.appendingPathComponent(name).path, encoding: .utf8)
      .split { $0.isNewline }.map(String.init)
  }

  @Test func filesHoldEveryConversionOfTheTopicOnceHoweverOftenTheExportIsKilled() throws {
    let cluster = try filledCluster()
    let published = try published(cluster)
    let folder = try TemporaryFolder()
    let command = ["export", folder.url.path, "--records", "attributions"] + Self.period
    for delay in [10, 30, 50, 80, 120, 170] {
      let process = try cluster.program.start(
        command + ["--format", "jsonl"], outputFolder: folder.make("killed"))
      usleep(UInt32(delay) * 1_000)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let result = try cluster.program.run(arguments: command + ["--format", "jsonl"])
    #expect(result.status == 0, "\(result.errors)")
    var deleted = 0
    for day in Self.days.dropLast() {
      let lines = try lines(folder, "attributions-\(day).jsonl")
      #expect(lines.count == Set(lines).count && Set(lines) == published[day], "\(day)")
      deleted += lines.count { $0.contains(#""deleted":true"#) }
      #expect(lines.count > 20)
    }
    #expect(deleted > 0)
    let again = try cluster.program.run(
      arguments: command + ["--format", "jsonl", "--json"])
    #expect(again.output.split(separator: #""state":"unchanged","conversions":"#).count == 4)

    // CSV: the same conversions, with the credits that the oracle agreed with.
    let csv = try cluster.program.run(arguments: command)
    #expect(csv.status == 0 && csv.output.contains("conversions"), "\(csv.errors)")
    for day in Self.days.dropLast() {
      let rows = try lines(folder, "attributions-\(day).csv").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      let column = try #require(rows[0].firstIndex(of: "credit_linear"))
      var credits: [String: [String]] = [:]
      for row in rows.dropFirst() { credits[row[0], default: []].append(row[column]) }
      let expected = try published[day, default: []].map { line in
        let attribution = try AttributionCodec.decode(Array(line.utf8))
        let shares = attribution.credits["linear"]!.map { Money.format($0) }
        return (attribution.conversionID, shares.isEmpty ? [""] : shares)
      }
      #expect(credits == Dictionary(uniqueKeysWithValues: expected), "\(day)")
    }
  }

  @Test func aDayThatIsNotFinalIsNamed() throws {
    let cluster = try filledCluster()
    let folder = try TemporaryFolder()
    let result = try cluster.program.run(
      "export", folder.url.path, "--records", "attributions", "--from", Self.days[2], "--to",
      "2026-02-09")
    #expect(result.status == 1)
    #expect(result.errors.contains("are not final yet; run the same command again later"))
    #expect(try lines(folder, "attributions-\(Self.days[2]).csv").count > 20)
    let wrong = try cluster.program.run(
      "export", folder.url.path, "--records", "attributions", "--day", Self.days[2], "--view", "x")
    #expect(wrong.status == 2)
    #expect(
      wrong.errors.contains("--view chooses rollups; leave it out with --records attributions."))
  }
}
