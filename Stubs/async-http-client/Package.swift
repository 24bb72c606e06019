// swift-tools-version: 6.2
import PackageDescription

// Stands in for swift-server/async-http-client, which only Hummingbird's test kit uses: that is not built here. The real one
// brings apple/swift-configuration, whose target `Configuration` has the name of ours, and SwiftPM wants the names of all
// targets to differ, built or not.
let package = Package(
  name: "async-http-client",
  products: [.library(name: "AsyncHTTPClient", targets: ["AsyncHTTPClient"])],
  traits: [.default(enabledTraits: [])],
  targets: [.target(name: "AsyncHTTPClient")]
)
