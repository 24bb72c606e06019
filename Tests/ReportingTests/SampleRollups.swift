import Attribution
import Codec
import Reporting

/// Two models; a view by campaign and one by campaign and channel, windows of one minute.
let definitions: Definitions = {
  var definitions = Definitions()
  definitions.models = [.lastTouch, .linear]
  definitions.views = [
    View(name: "campaign", dimensions: [.campaignID], periodMilliseconds: minute),
    View(name: "both|ways", dimensions: [.campaignID, .channel], periodMilliseconds: minute),
  ]
  return definitions
}()

let minute: Milliseconds = 60_000

/// A rollup of a minute of 1970.
func rollup(
  _ dimensions: [String], of view: String = "campaign", minute number: Int64, clicks: Int64 = 0,
  users: Int64 = 0, linearRevenue: MicrosSum = 0, isFinal: Bool = false, revision: Int64 = 1,
  watermark: Milliseconds? = nil
) -> Rollup {
  var sums = RollupSums(modelCount: definitions.models.count)
  sums.clicks = clicks
  sums.users = users
  sums.revenues[1] = linearRevenue
  return Rollup(
    key: RollupKey(view: view, dimensions: dimensions, windowStart: number * minute),
    windowEnd: (number + 1) * minute, sums: sums, isFinal: isFinal, revision: revision,
    watermark: watermark)
}

/// A board that has taken `records` as bytes, as a topic would hold them.
func board(partitions: Int = 1, _ records: [Rollup]) throws -> RollupBoard {
  let reader = RollupsRecordReader(definitions: definitions)
  var board = RollupBoard(definitions, partitionCount: partitions)
  for rollup in records {
    board.apply(try reader.read(key: key(rollup.key), value: value(rollup)))
  }
  return board
}

func key(_ key: RollupKey) -> [UInt8] {
  var bytes: [UInt8] = []
  RollupKeyCodec.encode(key, into: &bytes)
  return bytes
}

func value(_ rollup: Rollup) -> [UInt8] {
  var bytes: [UInt8] = []
  RollupCodec(definitions: definitions).encode(rollup, into: &bytes)
  return bytes
}
