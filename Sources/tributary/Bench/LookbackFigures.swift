import Benchmarks
import Foundation

/// What a long look-back takes in memory, as `bench` prints it.
struct LookbackFigures {
  var days: Int
  var runs: [LookbackRun.Figures]

  /// One load.
  struct Line: Encodable {
    var impressionsPerDay: Int
    var clicksPerDay: Int
    var lookbackDays: Int
    var rememberedIds: Int
    var rememberedTouches: Int
    var stateBytes: Int
  }

  var lines: [Line] {
    runs.map { run in
      Line(
        impressionsPerDay: run.impressionsPerDay, clicksPerDay: run.clicksPerDay,
        lookbackDays: days, rememberedIds: run.identities, rememberedTouches: run.records,
        stateBytes: run.bytes)
    }
  }

  var text: String {
    AlignedTable(
      header: ["impressions a day", "clicks a day", "ids", "touches", "state, MB"],
      rows: lines.map { line in
        [
          "\(line.impressionsPerDay)", "\(line.clicksPerDay)", "\(line.rememberedIds)",
          "\(line.rememberedTouches)", String(format: "%.1f", Double(line.stateBytes) / 1e6),
        ]
      }
    ).text
  }
}
