import Attribution
import Cluster
import Testing

@testable import Pipeline

/// The records between the two stages.
@Suite struct DeltaWireTests {
  private struct Delta: Equatable {
    var view: Int
    var windowStart: Milliseconds
    var names: String
    var sums: [Int64]
  }

  private let views = Definitions().views

  private let deltas = [
    Delta(view: 0, windowStart: 600_000, names: "c-7", sums: [0, 1, -1, .max, .min]),
    Delta(view: 0, windowStart: 600_000, names: "c%7C8", sums: [1_000_000, -59_900_000, 0, 0, 0]),
    Delta(view: 1, windowStart: 600_000, names: "", sums: [1, 2, 3, 4, 5]),
    Delta(view: 1, windowStart: -300_000, names: "email", sums: [0, 0, 0, 0, 0]),
    Delta(view: 0, windowStart: 600_000, names: "c-7", sums: [5, 4, 3, 2, 1]),
  ]

  @Test func aBatchIsReadBackDeltaByDelta() throws {
    #expect(try read(write(deltas)) == deltas)
  }

  @Test func aBatchSaysWhenItsFirstWindowEnds() throws {
    let ends = try write(deltas).withUnsafeBytes {
      try DeltaBatchReader($0, views: views, layout: SumsLayout(modelCount: 0)).leastWindowEnd
    }
    #expect(ends == 0)
  }

  @Test func anEmptiedBatchRemembersNothing() throws {
    var batch = DeltaBatch(views: views)
    append(deltas[3], to: &batch)
    batch.removeAll()
    append(deltas[0], to: &batch)
    let value = batch.withValue { Array($0) }
    #expect(try read(value) == [deltas[0]])
    #expect(value == write([deltas[0]]))
  }

  @Test func statusesAreReadBackAsTheyWereWritten() throws {
    for status in [TaskStatus.active(Watermark(-3)), .idle(asOf: 7), .finished(through: 5)] {
      var bytes: [UInt8] = []
      DeltaWire.encode(status, into: &bytes)
      // Progress records of former versions hold it like this.
      #expect(bytes.first == 1 && bytes.count == DeltaWire.statusSize)
      #expect(try bytes.withUnsafeBytes { try DeltaWire.decodeStatus($0) } == status)
    }
  }

  @Test func aBatchThatIsCutShortIsRefusedOrEndsBetweenTwoDeltas() {
    let value = write(deltas)
    for length in 0..<value.count {
      guard let read = try? read(Array(value[..<length])) else { continue }
      #expect(deltas.starts(with: read) && read.count < deltas.count)
    }
  }

  @Test func otherModelsViewsAndVersionsStopWithOneClearLine() {
    let value = write(deltas)
    var wider = deltas[0]
    wider.sums += [6, 7]
    #expect(refusal(write([wider]))?.contains("other models") == true)
    wider.sums += [8]
    #expect(refusal(write([wider]), models: 3)?.contains("other models") == true)
    #expect(refusal([1] + value.dropFirst())?.contains("format version 1") == true)
    var definitions = Definitions()
    definitions.views[1].name = "channel_1h"
    #expect(refusal(value, views: definitions.views)?.contains("\"channel_5m\"") == true)
    definitions = Definitions()
    definitions.views[0].dimensions.append(.adID)
    #expect(refusal(value, views: definitions.views)?.contains("\"campaign_5m\"") == true)
  }

  @Test func aBatchFromBeforeModelsWereAddedHasNothingUnderThem() throws {
    let former = deltas.map { delta in
      var delta = delta
      delta.sums += [60, 70]
      return delta
    }
    let expected = deltas.map { delta in
      var delta = delta
      delta.sums += [60, 0, 0, 70, 0, 0]
      return delta
    }
    #expect(try read(write(former), models: 3) == expected)
  }

  // MARK: Helpers

  private func write(_ deltas: [Delta]) -> [UInt8] {
    var batch = DeltaBatch(views: views)
    for delta in deltas { append(delta, to: &batch) }
    return batch.withValue { Array($0) }
  }

  private func append(_ delta: Delta, to batch: inout DeltaBatch) {
    Array(delta.names.utf8).withUnsafeBytes { names in
      delta.sums.withUnsafeBufferPointer { sums in
        batch.append(
          sums, to: BorrowedBytes(names), view: delta.view, windowStart: delta.windowStart)
      }
    }
  }

  private func read(
    _ value: [UInt8], views: [View]? = nil, models: Int = 0
  ) throws -> [Delta] {
    try value.withUnsafeBytes { value in
      var reader = try DeltaBatchReader(
        value, views: views ?? self.views, layout: SumsLayout(modelCount: models))
      var sums = [Int64](repeating: 9, count: SumsLayout(modelCount: models).width)
      var deltas: [Delta] = []
      while let names = try sums.withUnsafeMutableBufferPointer({ try reader.next(into: $0) }) {
        deltas.append(
          Delta(
            view: reader.view, windowStart: reader.windowStart, names: names.string, sums: sums))
      }
      return deltas
    }
  }

  private func refusal(
    _ value: [UInt8], views: [View]? = nil, models: Int = 0
  ) -> String? {
    #expect(throws: OperatorError.self) {
      try read(value, views: views, models: models)
    }?.description
  }
}
