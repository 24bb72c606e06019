import Benchmark
import HotPieces

// One benchmark a piece; `swift package benchmark` runs them. Figures are per piece done once.

let benchmarks: @Sendable () -> Void = {
  for piece in HotPiece.allCases {
    Benchmark(
      piece.rawValue,
      configuration: .init(
        metrics: [.wallClock, .cpuTotal, .instructions, .throughput], scalingFactor: .kilo,
        maxDuration: .seconds(2))
    ) { benchmark in
      let run = piece.makeRun()
      benchmark.startMeasurement()
      blackHole(run.run(1_000))
    }
  }
}
