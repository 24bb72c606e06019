// swift-tools-version: 6.2
import PackageDescription

// A package of its own, because everything in it is built to be watched: see scripts/fuzz.
let package = Package(
  name: "fuzz",
  dependencies: [
    .package(name: "tributary", path: ".."),
    // As there.
    .package(path: "../Stubs/async-http-client"),
  ],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [.product(name: "Fuzzed", package: "tributary")])
  ],
  swiftLanguageModes: [.v6]
)
