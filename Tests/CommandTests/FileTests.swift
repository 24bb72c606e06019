import Attribution
import BrokerKit
import Codec
import Files
import Foundation
import Kafka
import TestServers
import Testing
import Traffic

/// Files into the topics, and files without them, as a user has it.
@Suite struct FileTests {
  @Test func attributeAndRunPublishTheSameNumbers() throws {
    let cluster = try Cluster(["TRIBUTARY_MODELS": "[first_touch, linear]"])
    let folder = try TemporaryFolder()
    let input = try folder.make("input").path
    let generated = try cluster.program.run(
      "generate", "--profile", "dense", "--jsonl", input, "--events", "20000", "--costs", "--late",
      "0.03", "--seed", "11"
    )
    #expect(generated.status == 0)
    let output = folder.url.appendingPathComponent("rollups.jsonl").path
    let attributed = try cluster.program.run(
      "attribute", input, "-o", output, "--attributions", output + "-a.jsonl", "--json")
    #expect(attributed.status == 0, "\(attributed.errors)")

    let ingested = try cluster.program.run("ingest", input)
    #expect(ingested.status == 0, "\(ingested.errors)")
    let run = try cluster.program.run("run", "--exit-at-end", timeout: 60)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try cluster.program.run("verify").status == 0)

    let codec = RollupCodec(definitions: cluster.configuration.definitions)
    var published: [RollupKey: RollupSums] = [:]
    for record in try cluster.records(of: cluster.configuration.topics.rollups) {
      guard let key = record.key, let value = record.value, ProgressCodec.decodeKey(key) == nil
      else { continue }
      let rollup = try codec.decode(value)
      published[rollup.key] = rollup.sums
    }
    let lines = folder.text("rollups.jsonl").utf8.split(separator: 0x0A)
    let found = try lines.map { try codec.decode(Array($0)) }
    #expect(published.count > 100 && found.count == published.count)
    for rollup in found { #expect(published[rollup.key] == rollup.sums, "\(rollup.key)") }
    let isFinal = found.allSatisfy(\.isFinal)
    #expect(isFinal)

    var credits: [String: PublishedAttribution] = [:]
    for record in try cluster.records(of: cluster.configuration.topics.attributions) {
      guard let value = record.value else { continue }
      var attribution = try AttributionCodec.decode(value)
      attribution.revision = 0
      credits[attribution.conversionID] = attribution
    }
    for line in folder.text("rollups.jsonl-a.jsonl").utf8.split(separator: 0x0A) {
      var attribution = try AttributionCodec.decode(Array(line))
      attribution.revision = 0
      #expect(credits.removeValue(forKey: attribution.conversionID) == attribution)
    }
    #expect(credits.isEmpty)
  }

  @Test func outputsOfEveryFormatHoldTheSameSums() throws {
    let folder = try TemporaryFolder()
    let input = try folder.make("input").path
    let program = Program()
    _ = try program.run(
      "generate", "--profile", "dense", "--jsonl", input, "--events", "5000", "--costs")
    func output(_ name: String) -> String { folder.url.appendingPathComponent(name).path }
    for name in ["r.csv", "r.jsonl", "r.sqlite"] {
      let result = try program.run("attribute", input, "-o", output(name))
      #expect(result.status == 0, "\(result.errors)")
    }
    let csv = folder.text("r.csv").split(separator: "\r\n")
    let spend = csv[0].split(separator: ",").firstIndex(of: "spend")!
    let sum = csv.dropFirst().reduce(Int64(0)) { sum, line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      return sum + (Money.parse(String(fields[spend])) ?? -1)
    }
    let stored = try runTool(
      "sqlite3", [output("r.sqlite"), "SELECT sum(spend_micros), count(*) FROM rollups"])
    #expect(stored == "\(sum)|\(csv.count - 1)\n")
    #expect(folder.text("r.jsonl").split(separator: "\n").count == csv.count - 1)
    let conversions = try runTool(
      "sqlite3", [output("r.sqlite"), "SELECT count(*) > 0 FROM attributions"])
    #expect(conversions == "1\n")
  }

  /// Sends a folder of files under SIGKILL at random points.
  @Test func everyRecordComesOnceUnderKills() throws {
    let seed = UInt64(4_711)
    print("ingest under SIGKILL: seed \(seed)")
    var random = SeededRandom(seed: seed)
    let cluster = try Cluster()
    let folder = try TemporaryFolder()
    let input = try folder.make("input").path
    _ = try cluster.program.run(
      "generate", "--profile", "dense", "--jsonl", input, "--events", "60000", "--malformed", "0",
      "--seed", "\(seed)")
    var expected: [String: Int] = [:]
    for name in ["impressions", "clicks", "conversions"] {
      expected[name] = folder.text("input/\(name).jsonl").utf8.count { $0 == 0x0A }
    }
    for round in 0..<8 {
      let process = try cluster.program.start(
        ["ingest", input, "--rate", "8000"], outputFolder: folder.make("run-\(round)"))
      usleep(UInt32(50_000 + random.below(2_500_000)))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let last = try cluster.program.run("ingest", input, timeout: 90)
    #expect(last.status == 0, "seed \(seed): \(last.errors)")
    for (name, count) in expected {
      let found = try cluster.records(of: "\(cluster.prefix)-\(name)")
      #expect(found.count == count, "seed \(seed): \(name)")
      #expect(Set(found.map(\.value)).count <= count)
      let keys = found.allSatisfy { record in
        record.key!.withUnsafeBytes {
          StandardPartitioner.partition(key: $0, count: 4) == record.partition
        }
      }
      #expect(keys, "records are not in the partition of their key")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: input)
    #expect(left == ["taken"])
  }

  @Test func aBrokenFileIsSetAsideWithItsLinesAndStopsNothing() throws {
    let cluster = try Cluster()
    let folder = try TemporaryFolder()
    let input = try folder.make("input")
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: input.appendingPathComponent(name))
    }
    let good = #"{"event_id":"1","user_id":"u","event_time":1767571570250}"#
    try write("conversions-1.jsonl", "\(good)\n{\n\n\(good.replacing("user_id", with: "x"))\n")
    try write("conversions-2.csv", "event_id,user_id,event_time\n1,u,2026-01-05T00:00:00Z\n2,u\n")
    try write("conversions-3.jsonl", good)
    try write("notes.txt", "hello")
    let result = try cluster.program.run("ingest", input.path, "--json")
    #expect(result.status == 1)
    #expect(result.errors.contains("tributary: 3 files were not taken"))
    #expect(
      result.output.contains(#""taken":1,"known":0,"rejected":2,"failed":1"#), "\(result.output)")
    let report = folder.text("input/rejected/conversions-1.jsonl.report.txt")
    #expect(report.contains("2 of 3 conversions cannot be used"), "\(report)")
    #expect(report.contains("conversions-1.jsonl:2: the JSON object does not end on its line"))
    #expect(report.contains("conversions-1.jsonl:4: user_id: is missing"))
    let second = folder.text("input/rejected/conversions-2.csv.report.txt")
    #expect(second.contains("conversions-2.csv:3: 2 fields, but the header has 3"))
    #expect(result.output.contains(#""unusable":{"conversions":[{"reason":"malformed_json""#))
    #expect(try cluster.records(of: "\(cluster.prefix)-conversions").count == 1)

    // The same content again, under another name.
    try write("conversions-4.jsonl", good)
    let again = try cluster.program.run("ingest", input.path, "--json")
    #expect(again.output.contains(#""taken":0,"known":1"#), "\(again.output)")
    #expect(try cluster.records(of: "\(cluster.prefix)-conversions").count == 1)
    try write("conversions-5.jsonl", good)
    let asked = try cluster.program.run("ingest", input.path, "--again", "--json")
    #expect(asked.output.contains(#""taken":1,"known":0"#), "\(asked.output)")
    #expect(try cluster.records(of: "\(cluster.prefix)-conversions").count == 2)
  }

  @Test func tooManyFaultsEndWithOneAndWriteNothing() throws {
    let folder = try TemporaryFolder()
    let clicks = folder.url.appendingPathComponent("clicks.csv").path
    let output = folder.url.appendingPathComponent("r.csv").path
    let rows = ["1,u,2026-01-05T00:00:00Z,c", "2,u,05.01.2026,c"]
    try Data("event_id,user_id,event_time,campaign_id\n\(rows.joined(separator: "\n"))\n".utf8)
      .write(to: URL(fileURLWithPath: clicks))
    let program = Program()
    let refused = try program.run("attribute", clicks, "-o", output)
    #expect(refused.status == 1 && !FileManager.default.fileExists(atPath: output))
    #expect(refused.errors.contains("tributary: 1 of 2 clicks cannot be used; nothing was written"))
    #expect(
      refused.output.contains(
        "1 invalid_field event_time, such as \(clicks):3: event_time: \"05.01.2026\" is not a time; "
      ))
    let accepted = try program.run("attribute", clicks, "-o", output, "--allow-broken", "0.5")
    #expect(accepted.status == 0 && FileManager.default.fileExists(atPath: output))
  }

  @Test func aWatchedFolderIsTakenAsItFillsAndSIGTERMEndsIt() throws {
    let cluster = try Cluster()
    let folder = try TemporaryFolder()
    let input = try folder.make("input")
    let process = try cluster.program.start(
      ["ingest", "--watch", "--settle", "500ms", input.path], outputFolder: folder.make("out"))
    let good = #"{"event_id":"1","user_id":"u","event_time":1767571570250}"#
    let file = input.appendingPathComponent("conversions.jsonl")
    try Data(good.utf8).write(to: input.appendingPathComponent("conversions.jsonl.part"))
    try Data(good.utf8).write(to: file)
    let deadline = Date() + 40
    while Date() < deadline, FileManager.default.fileExists(atPath: file.path) { usleep(50_000) }
    #expect(folder.text("input/taken/conversions.jsonl") == good)
    process.terminate()
    #expect(process.wait(seconds: 10) && process.terminationStatus == 0)
    #expect(folder.text("out/output").contains("1 taken"), "\(folder.text("out/errors"))")
    #expect(folder.text("input/conversions.jsonl.part") == good)
    #expect(try cluster.records(of: "\(cluster.prefix)-conversions").count == 1)
  }

  @Test func ofTwoIngestsTheSecondTakesOver() throws {
    let cluster = try Cluster()
    let folder = try TemporaryFolder()
    let input = try folder.make("input").path
    _ = try cluster.program.run(
      "generate", "--profile", "dense", "--jsonl", input, "--events", "20000", "--malformed", "0")
    let first = try cluster.program.start(
      ["ingest", input, "--rate", "1000"], outputFolder: folder.make("first"))
    let deadline = Date() + 60
    while Date() < deadline, try cluster.records(of: cluster.configuration.filesTopic).isEmpty {
      usleep(200_000)
    }
    let second = try cluster.program.run("ingest", input)
    #expect(first.wait(seconds: 30) && first.terminationStatus == 1)
    let complaint = folder.text("first/errors").split(separator: "\n").last ?? ""
    #expect(complaint.contains("another ingest of this application_id has begun"), "\(complaint)")
    #expect(second.status == 0, "\(second.errors)")
    let ids = try cluster.records(of: "\(cluster.prefix)-clicks").map(\.value)
    let expected = folder.text("input/taken/clicks.jsonl").utf8.count { $0 == 0x0A }
    #expect(ids.count == expected)
  }

  @Test func whatIsWrongIsSaidInOneLine() throws {
    let folder = try TemporaryFolder()
    let input = try folder.make("input")
    let program = Program()
    func expect(_ status: Int32, _ complaint: String, _ arguments: String...) throws {
      let result = try program.run(arguments: arguments, timeout: 40)
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(complaint), "\(arguments): \(result.errors)")
      if status == 1 {
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      }
    }
    try expect(1, "there is no /nowhere", "ingest", "/nowhere")
    try expect(1, "/nowhere cannot be read", "attribute", "/nowhere", "-o", "/tmp/r.csv")
    try expect(1, "there are no files of", "attribute", input.path, "-o", "/tmp/r.csv")
    try expect(2, "must end in .csv, .jsonl or .sqlite", "attribute", input.path, "-o", "r.xls")
    try expect(2, "have no field", "attribute", input.path, "-o", "r.csv", "--map", "idd=x")
    try expect(2, "--kind orders", "ingest", input.path, "--kind", "orders")
    try expect(1, "bootstrap.servers=127.0.0.1:1", "ingest", input.path, "-b", "127.0.0.1:1")
    let cluster = try Cluster(partitions: nil)
    let result = try cluster.program.run("ingest", input.path)
    #expect(result.status == 1 && result.errors.contains("`tributary topics create` makes them"))
  }
}
