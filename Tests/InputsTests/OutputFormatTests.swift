// Safety: names are lent to a writer for one call.

import Attribution
import CAllocationCount
import Foundation
import TestKit
import TestServers
import Testing
import Traffic

@testable import Codec
@testable import Configuration
@testable import Inputs

/// Rollups and attributions in Avro say what they would say in JSON.
@Suite(.serialized) struct OutputFormatTests {
  static let definitions = {
    var definitions = Definitions()
    definitions.touchKinds = [.click, .impression]
    definitions.models = [.lastTouch, .linear, .timeDecay]
    definitions.dimensions = ["country", "device"]
    definitions.conversionDimensions = ["goal"]
    definitions.matchOn = ["account_id"]
    definitions.maxTouches = 3
    definitions.views = [
      View(name: "campaign", dimensions: [.campaignID], periodMilliseconds: 300_000),
      View(
        name: "places", dimensions: ["country", "device", "goal"].map { Dimension(rawValue: $0) },
        periodMilliseconds: 60_000),
      View(name: "all", dimensions: [], periodMilliseconds: 3_600_000),
    ]
    return definitions
  }()

  /// The same with a view that lists its dimensions in another order than the schema.
  private static let turned = {
    var definitions = OutputFormatTests.definitions
    definitions.views[1].dimensions.reverse()
    return definitions
  }()

  private func shape(
    _ schema: PublishedSchema, _ definitions: Definitions = OutputFormatTests.definitions
  ) throws -> PublishedShape {
    try #require(AvroSchema(text: schema.text(definitions)).publishedShape)
  }

  private func json(_ avro: [UInt8], _ shape: PublishedShape) throws -> String {
    var json: [UInt8] = []
    try avro.dropFirst(5).withUnsafeBytes { try shape.transcribe($0, into: &json) }
    return String(decoding: json, as: UTF8.self)
  }

  /// A rollup drawn at random, with sums beyond 64 bits now and then.
  private func rollup(
    _ random: inout SeededRandom, _ definitions: Definitions = OutputFormatTests.definitions
  ) -> Rollup {
    let view = definitions.views[Int(random.below(3))]
    let names = [
      "", "c-1", "Ü|50%", "\"\\\u{1}", "(unattributed)", String(repeating: "x", count: 128),
    ]
    func count() -> Int64 {
      [0, 1, 63, 64, -1, 1 << 40, .max, .min][Int(random.below(8))]
    }
    func sum() -> MicrosSum {
      let value = MicrosSum(count())
      return random.below(3) == 0 ? value * 1_000_000_007 : value
    }
    var sums = RollupSums(modelCount: definitions.models.count)
    (sums.impressions, sums.clicks, sums.users, sums.sessions) = (
      count(), count(), count(), count()
    )
    sums.credits = definitions.models.map { _ in count() }
    sums.revenues = definitions.models.map { _ in sum() }
    sums.spend = sum()
    let start = Milliseconds(1_767_571_200_000 + random.below(1_000) * 3_600_000)
    return Rollup(
      key: RollupKey(
        view: view.name,
        dimensions: view.dimensions.map { _ in names[Int(random.below(Int64(names.count)))] },
        windowStart: start),
      windowEnd: start + view.periodMilliseconds, sums: sums, isFinal: random.below(2) == 0,
      revision: 1 + random.below(1 << 40),
      watermark: random.below(4) == 0 ? nil : start + random.below(1_000_000))
  }

  @Test func rollupsInAvroAreTheJSONByteForByte() throws {
    let shape = try shape(.rollup)
    let codec = RollupCodec(definitions: Self.definitions)
    var random = SeededRandom(seed: 15)
    for _ in 0..<2_000 {
      let rollup = rollup(&random)
      var (own, avro): ([UInt8], [UInt8]) = ([], [])
      codec.encode(rollup, into: &own)
      codec.encode(rollup, schema: 0x0102_0304, into: &avro)
      #expect(avro[..<5] == [0, 1, 2, 3, 4])
      #expect(try json(avro, shape) == String(decoding: own, as: UTF8.self))
    }
  }

  @Test func dimensionsInAnyOrderAreTold() throws {
    let shape = try shape(.rollup, Self.turned)
    let codec = RollupCodec(definitions: Self.turned)
    var random = SeededRandom(seed: 17)
    for _ in 0..<200 {
      let rollup = rollup(&random, Self.turned)
      var avro: [UInt8] = []
      codec.encode(rollup, schema: 1, into: &avro)
      #expect(try codec.decode(Array(try json(avro, shape).utf8)) == rollup)
    }
  }

  @Test func progressInAvroIsTheJSONByteForByte() throws {
    let shape = try shape(.progress)
    let range = LostRange(
      topic: "clicks", partition: 3, from: 0, to: 1 << 40, after: nil, before: 5)
    for progress in [
      PublishedProgress(finalThrough: Time.earliest, epoch: nil),
      PublishedProgress(finalThrough: 1_767_571_200_001, epoch: "e\"1", lost: [range, range]),
    ] {
      var (own, avro): ([UInt8], [UInt8]) = ([], [])
      ProgressCodec.encode(progress, into: &own)
      ProgressCodec.encodeAvro(progress, schema: 1, into: &avro)
      #expect(try json(avro, shape) == String(decoding: own, as: UTF8.self))
    }
  }

  /// Every cut of a record, and every byte of it changed: read or refused, and never beyond its end.
  @Test func damagedRecordsAreReadOrRefused() throws {
    let shape = try shape(.rollup)
    let codec = RollupCodec(definitions: Self.definitions)
    var random = SeededRandom(seed: 16)
    var refused = 0
    for _ in 0..<40 {
      var avro: [UInt8] = []
      codec.encode(rollup(&random), schema: 1, into: &avro)
      for end in 5..<avro.count {
        // An exact copy, so that a read beyond its end is one beyond an allocation.
        #expect(throws: UnreadableRecord.self) { try json(Array(avro[..<end]), shape) }
      }
      for index in 5..<avro.count {
        for change: UInt8 in [0x80, 0x7F, 1] {
          var copy = avro
          copy[index] ^= change
          do { _ = try json(copy, shape) } catch { refused += 1 }
        }
      }
    }
    #expect(refused > 1_000)
  }

  @Test func writingAvroAllocatesNothing() {
    let definitions = Self.definitions
    var writer = RollupWriter(definitions: definitions, schema: 9)
    let layout = SumsLayout(modelCount: definitions.models.count)
    let sums = (0..<layout.width).map { Int64($0) * 1_234_567 }
    let names = Array("desk%20top|order|DE".utf8)
    func pass() -> Int {
      var bytes = 0
      names.withUnsafeBytes { names in
        sums.withUnsafeBufferPointer { sums in
          for number in 0..<1_000 {
            writer.write(
              RollupRevision(
                view: 1, windowStart: 60_000, windowEnd: 120_000, names: BorrowedBytes(names),
                sums: sums, isFinal: false, number: Int64(number), watermark: 5))
            bytes += writer.bytes.count
          }
        }
      }
      return bytes
    }
    _ = pass()
    let before = allocation_count()
    #expect(pass() > 50_000)
    // Suites beside this one allocate now and then; one a record would be a thousand.
    #expect(allocation_count() - before < 100)
  }

  // MARK: Both stages

  private func options(_ seed: UInt64) -> TrafficOptions {
    var options = TrafficOptions(seed: seed, eventCount: 600)
    options.definitions = Self.definitions
    options.users = 25
    options.versions = 0.2
    options.duplicates = 0.05
    options.late = 0.05
    options.costRows = true
    options.hugeValues = 0.2
    options.eventsPerSecond = 0.2
    return options
  }

  private func configuration(
    _ registry: String, _ definitions: Definitions = OutputFormatTests.definitions
  ) throws
    -> Configuration
  {
    var configuration = Configuration()
    configuration.definitions = definitions
    configuration.schemaRegistry = RegistryAddress(registry)
    configuration.outputFormat = .avro
    return configuration
  }

  /// Everything that is published, as JSON, by topic and key, in its order; and how many values were Avro.
  private func published(_ simulation: Simulation) throws -> (texts: [String], avro: Int) {
    var (texts, avro): ([String], Int) = ([], 0)
    let topics = simulation.configuration.topics
    for topic in [topics.rollups, topics.attributions] {
      simulation.log.forEachRecord(of: topic) { record in
        guard let key = record.key, let value = record.value else { return }
        if value[0] == 0 { avro += 1 }
        // The epoch is drawn anew for every run.
        if key.first == UInt8(ascii: "@") { return }
        try! simulation.output.forms.withJSON(value) {
          texts.append(
            String(decoding: key, as: UTF8.self) + " " + String(decoding: $0, as: UTF8.self))
        }
      }
    }
    return (texts, avro)
  }

  @Test(arguments: [UInt64(1), 3])
  func bothFormsPublishTheSame(seed: UInt64) throws {
    let registry = try SubjectRegistry()
    defer { registry.stop() }
    let output = try PublishedOutput(configuration(registry.url))
    func run(_ output: PublishedOutput) throws -> (texts: [String], avro: Int) {
      let simulation = Simulation(Self.definitions, seed: seed, partitions: 2, output: output)
      for record in TrafficGenerator(options(seed)) { simulation.append(record) }
      try simulation.runToEnd()
      let report = simulation.verify()
      #expect(report.differences.agrees, "\(report.differences)")
      return try published(simulation)
    }
    let (json, avro) = (try run(.json), try run(output))
    #expect(json.avro == 0 && avro.avro > avro.texts.count && json.texts.count > 200)
    #expect(json.texts == avro.texts)
    #expect(json.texts.contains { $0.contains(#""truncated":true"#) })
    #expect(json.texts.contains { $0.contains(#""deleted":true"#) })
  }

  /// JSON, then Avro, then JSON again, each over what the one before has published.
  @Test func aTopicMayHoldBothForms() throws {
    let registry = try SubjectRegistry()
    defer { registry.stop() }
    let avro = try PublishedOutput(configuration(registry.url))
    let outputs = [PublishedOutput.json, avro, PublishedOutput(forms: avro.forms, schemas: nil)]
    let records = Array(TrafficGenerator(options(7)))
    var simulation: Simulation?
    var counts: [Int] = []
    for (number, output) in outputs.enumerated() {
      let next = Simulation(
        Self.definitions, seed: 7, partitions: 2, output: output, log: simulation?.log)
      let third = records.count / 3
      for record in records[number * third..<(number + 1) * third] { next.append(record) }
      try next.runToEnd()
      let report = next.verify()
      #expect(report.differences.agrees, "after \(number + 1) runs: \(report.differences)")
      counts.append(try published(next).avro)
      simulation = next
    }
    #expect(counts[0] == 0 && counts[1] > 100 && counts[2] == counts[1])
  }

  // MARK: The registry

  private func extended() -> Definitions {
    var definitions = Self.definitions
    definitions.models.append(.firstTouch)
    definitions.dimensions.append("placement")
    definitions.views.append(
      View(
        name: "placement", dimensions: [Dimension(rawValue: "placement")],
        periodMilliseconds: 60_000))
    return definitions
  }

  @Test func schemasAreRegisteredOnceAndCompatibleFromVersionToVersion() throws {
    let registry = try SubjectRegistry()
    defer { registry.stop() }
    let first = try PublishedOutput(configuration(registry.url)).schemas
    #expect(try PublishedOutput(configuration(registry.url)).schemas == first)
    #expect(first == PublishedSchemaIDs(rollup: 1, attribution: 2, progress: 3))
    let second = try PublishedOutput(configuration(registry.url, extended())).schemas
    #expect(second == PublishedSchemaIDs(rollup: 4, attribution: 5, progress: 3))
    // Views, models and dimensions may go as well.
    let third = try PublishedOutput(configuration(registry.url, Definitions())).schemas
    #expect(third == PublishedSchemaIDs(rollup: 6, attribution: 7, progress: 3))
    #expect(registry.schemas(of: "rollups-value").count == 3)
    #expect(registry.schemas(of: "attributions-value").count == 3)
    #expect(registry.schemas(of: "rollups-tributary.Progress").count == 1)
    #expect(registry.requests.contains { $0.path == "/subjects/rollups-value/versions" })
  }

  @Test func whatIsNotCompatibleIsRefusedInOneLine() throws {
    let registry = try SubjectRegistry()
    defer { registry.stop() }
    var other = try configuration(registry.url)
    // Rollups where attributions were.
    other.topics.rollups = other.topics.attributions
    other.topics.attributions = "elsewhere"
    _ = try PublishedOutput(other)
    let error = #expect(throws: SchemaUnavailable.self) {
      try PublishedOutput(configuration(registry.url))
    }
    #expect(error?.requiresOperator == true)
    let text = error?.description ?? ""
    #expect(
      text.contains("the schema of attributions-value is not compatible with the version before"))
    #expect(text.contains("incompatible: : another name") && !text.contains("\n"))
  }

  @Test func aRegistryThatIsAwayIsWaitedForWithinLimits() throws {
    let began = ContinuousClock.now
    let error = #expect(throws: SchemaUnavailable.self) {
      try PublishedOutput(configuration("http://me:secret@127.0.0.1:1"))
    }
    #expect(began.duration(to: .now) < .seconds(10))
    #expect(error?.requiresOperator == false)
    #expect(error?.description.contains("gives no answer (") == true)
    #expect(error?.description.contains("secret") == false)
  }

  @Test func whoeverMayNotRegisterUsesWhatIsRegistered() throws {
    let stub = try StubRegistry(
      StubRegistry.Handler { request, _ in
        request.path.hasSuffix("/versions")
          ? .init(status: 403, body: #"{"error_code":40301,"message":"User is denied"}"#)
          : .init(body: #"{"subject":"s","version":1,"id":17,"schema":"{}"}"#)
      })
    defer { stub.stop() }
    let schemas = try PublishedOutput(configuration(stub.url)).schemas
    #expect(schemas == PublishedSchemaIDs(rollup: 17, attribution: 17, progress: 17))
  }

  @Test func avroWithoutItsSchemaIsUnreadable() throws {
    let registry = try SubjectRegistry()
    defer { registry.stop() }
    _ = try PublishedOutput(configuration(registry.url))
    var avro: [UInt8] = []
    var random = SeededRandom(seed: 3)
    let codec = RollupCodec(definitions: Self.definitions)
    codec.encode(rollup(&random), schema: 99, into: &avro)
    let forms = try PublishedForms(configuration(registry.url))
    let unknown = #expect(throws: UnreadableRecord.self) {
      try avro.withUnsafeBytes { try forms.rollup($0, codec) }
    }
    #expect(unknown?.description.contains("schema 99") == true)
    let without = #expect(throws: UnreadableRecord.self) {
      try avro.withUnsafeBytes { try PublishedForms(registry: nil).rollup($0, codec) }
    }
    #expect(without?.description.contains("no schema_registry") == true)
    // Old records by the definitions of today: what those lack is left out, what is new reads as 0.
    var old: [UInt8] = []
    codec.encode(rollup(&random), schema: 1, into: &old)
    let read = try old.withUnsafeBytes {
      try forms.rollup($0, RollupCodec(definitions: extended()))
    }
    #expect(read.sums.credits.count == 4 && read.sums.credits[3] == 0)
  }

  // MARK: Other people's Avro

  private static let python: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent()
    let named = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_PYTHON"]
    let python = named ?? root.appendingPathComponent(".venv/bin/python").path
    let found = try? runTool(python, ["-c", "import fastavro; print(fastavro.__version__)"])
    return found == nil ? nil : python
  }()

  /// `scripts/test` installs it.
  @Test(.enabled(if: python != nil, "fastavro is not installed"))
  func fastavroReadsOldRecordsByNewSchemas() throws {
    struct Question: Encodable {
      var writer: String
      var reader: String
      var records: [Data]
    }
    let codec = RollupCodec(definitions: Self.definitions)
    var random = SeededRandom(seed: 20)
    let rollups = (0..<200).map { _ in rollup(&random) }
    let records = rollups.map { rollup in
      var avro: [UInt8] = []
      codec.encode(rollup, schema: 1, into: &avro)
      return Data(avro.dropFirst(5))
    }
    for definitions in [Self.definitions, extended(), Definitions()] {
      let question = Question(
        writer: PublishedSchema.rollup.text(Self.definitions),
        reader: PublishedSchema.rollup.text(definitions), records: records)
      let answer = try runTool(
        Self.python!, [Formats.folder.appendingPathComponent("read_avro.py").path],
        input: String(decoding: try JSONEncoder().encode(question), as: UTF8.self))
      let lines = answer.split(separator: "\n")
      #expect(lines.count == rollups.count)
      for (line, rollup) in zip(lines, rollups) {
        #expect(String(line) == expected(rollup, by: definitions))
      }
    }
  }

  /// What read_avro.py prints of a rollup: exact decimals, times as text, what is not there as null.
  private func expected(_ rollup: Rollup, by definitions: Definitions) -> String {
    let own = Self.definitions
    let view = own.views.first { $0.name == rollup.key.view }!
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("view", rollup.key.view)
      writer.key("dimensions")
      writer.object { writer in
        for dimension in definitions.allDimensions {
          let index = view.dimensions.firstIndex(of: dimension)
          writer.field(dimension.rawValue, index.map { rollup.key.dimensions[$0] })
        }
      }
      writer.field("window_start", Time.formatMilliseconds(rollup.key.windowStart))
      writer.field("window_end", Time.formatMilliseconds(rollup.windowEnd))
      writer.field("clicks", rollup.sums.clicks)
      for (name, sums) in [
        ("conversions", rollup.sums.credits.map { MicrosSum($0) }),
        ("revenue", rollup.sums.revenues),
      ] {
        writer.key(name)
        writer.object { writer in
          for model in definitions.models {
            writer.decimal(model.rawValue, own.models.firstIndex(of: model).map { sums[$0] })
          }
        }
      }
      writer.decimal("spend", rollup.sums.spend)
      writer.field("final", rollup.isFinal)
      writer.field("revision", rollup.revision)
      writer.field("watermark", rollup.watermark.map { Time.formatMilliseconds($0) })
    }
    return writer.text
  }
}
