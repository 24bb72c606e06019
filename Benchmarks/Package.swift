// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that what it depends on is neither fetched nor built by anybody who only
// wants the program.
let package = Package(
  name: "benchmarks",
  dependencies: [
    .package(name: "tributary", path: ".."),
    // As there.
    .package(path: "../Stubs/async-http-client"),
    // Without its own malloc counting, which needs jemalloc: `hot-piece` counts.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
  ],
  targets: [
    .target(
      name: "HotPieces",
      dependencies: [
        .product(name: "Attribution", package: "tributary"),
        .product(name: "Codec", package: "tributary"),
      ]),
    .executableTarget(
      name: "hot-piece",
      dependencies: [
        "HotPieces", .product(name: "CAllocationCount", package: "tributary"),
      ]),
    .executableTarget(
      name: "HotPiecesBenchmarks",
      dependencies: ["HotPieces", .product(name: "Benchmark", package: "benchmark")],
      path: "Benchmarks/HotPiecesBenchmarks",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
  ],
  swiftLanguageModes: [.v6]
)
