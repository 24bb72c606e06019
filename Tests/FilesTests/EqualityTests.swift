import Attribution
import Foundation
import Testing
import Traffic

@testable import Files

/// The same events give the same numbers, whether they come through topics or out of files.
@Suite struct EqualityTests {
  /// Long after everything, so that no event lies in the future; and one that cuts some off.
  private static let now: Milliseconds = 1_790_000_000_000

  private func traffic(
    _ options: TrafficOptions
  ) -> (records: [GeneratedRecord], lines: [EventKind: [[UInt8]]]) {
    var records: [GeneratedRecord] = []
    var lines: [EventKind: [[UInt8]]] = [:]
    for record in TrafficGenerator(options) {
      var record = record
      record.timestamp = EqualityTests.now
      records.append(record)
      lines[record.kind, default: []].append(record.value)
    }
    return (records, lines)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func filesAndTopicsAgreeToTheDigit(_ seed: UInt64) throws {
    let options = TrafficOptions.varied(seed: seed, events: 2_000)
    let (records, lines) = traffic(options)
    let expected = try Numbers(throughTopics: records, options.definitions, seed: seed)
    let folder = try TemporaryFolder()
    let input = try TemporaryFolder()
    for (kind, lines) in lines {
      // Line ends within a record are blanks there.
      let text = lines.map { $0.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 } + [0x0A] }.joined()
      try input.write("\(kind.inputName).jsonl", Array(text))
    }
    // There is nothing before the files that a backfill would fill.
    var definitions = options.definitions
    definitions.views[0].since = EqualityTests.now
    definitions.modelsSince[definitions.models[0]] = EqualityTests.now
    let found = try Numbers(
      ofFiles: [input.url.path], definitions, folder, now: EqualityTests.now)
    #expect(expected.rollups.count > 10 && expected.attributions.count > 10)
    #expect(found == expected, "seed \(seed): \(found.difference(from: expected) ?? "")")
    #expect(folder.names == ["out-attributions.jsonl", "out.jsonl"])
  }
}
