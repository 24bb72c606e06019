// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "tributary",
  products: [
    .executable(name: "tributary", targets: ["tributary"]),
    .library(name: "Kafka", targets: ["Kafka"]),
    // For the package in Benchmarks.
    .library(name: "Attribution", targets: ["Attribution"]),
    .library(name: "Codec", targets: ["Codec"]),
    .library(name: "CAllocationCount", targets: ["CAllocationCount"]),
    // For the package in Fuzz.
    .library(name: "Fuzzed", targets: ["Attribution", "Codec", "Configuration", "Inputs"]),
  ],
  // Exactly these versions; Deploy/dependencies.lock.json has their commits, and what they depend on themselves.
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(path: "Stubs/async-http-client"),
  ],
  targets: [
    .systemLibrary(
      name: "CRdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .systemLibrary(name: "CMemory"),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(
      name: "Kafka",
      dependencies: ["CRdkafka", .product(name: "Logging", package: "swift-log")],
      exclude: ["README.md"]),
    .systemLibrary(name: "CIntrinsics"),
    .target(name: "Attribution", dependencies: ["CIntrinsics", "CMemory"]),
    .target(name: "Codec", dependencies: ["Attribution", "CIntrinsics", "COpenSSL"]),
    .target(name: "Configuration", dependencies: ["Attribution", "Codec", "Yams"]),
    .target(name: "WebClient", dependencies: ["CCurl"]),
    .target(
      name: "Inputs", dependencies: ["Attribution", "Codec", "Configuration", "WebClient"]),
    .target(
      name: "Cluster",
      dependencies: [
        "Attribution", "CMemory", "Codec", "Configuration", "Inputs", "Kafka",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "Pipeline",
      dependencies: [
        "Attribution", "CMemory", "Cluster", "Codec", "Configuration", "Inputs", "Kafka",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "History",
      dependencies: [
        "Attribution", "Cluster", "Codec", "Configuration", "Inputs", "Kafka", "Pipeline",
      ]),
    .target(name: "Reporting", dependencies: ["Attribution", "Codec"]),
    .target(name: "SQLite", dependencies: ["CSQLite"]),
    .target(
      name: "SQLSink",
      dependencies: ["Attribution", "CPostgreSQL", "Codec", "Reporting", "SQLite"]),
    .target(
      name: "Files",
      dependencies: [
        "Attribution", "COpenSSL", "CZlib", "CZstd", "Cluster", "Codec", "Configuration", "Inputs",
        "Kafka", "Pipeline", "Reporting", "SQLSink", "SQLite",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "ObjectStore",
      dependencies: [
        "CXML2", "Cluster", "Codec", "Files", "WebClient",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "Journeys",
      dependencies: ["Attribution", "Codec", "SQLSink", "SQLite", "WebClient"]),
    .target(
      name: "Service",
      dependencies: [
        "CZlib", "Codec",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .target(
      name: "Dashboard", dependencies: ["Attribution", "Codec", "Reporting", "Service"],
      resources: [.embedInCode("Resources")]),
    .target(
      name: "Readers",
      dependencies: [
        "Attribution", "Cluster", "Codec", "Configuration", "Dashboard", "Inputs", "Kafka",
        "Reporting", "SQLSink", "SQLite", "Service",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(name: "BrokerKit"),
    .target(
      name: "Traffic",
      dependencies: [
        "Attribution", "Cluster", "Codec", "Configuration", "Kafka",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "Verification",
      dependencies: [
        "Attribution", "Cluster", "Codec", "Configuration", "History", "Inputs", "Kafka",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "TestKit",
      dependencies: [
        "Attribution", "Cluster", "Codec", "Configuration", "History", "Inputs", "Kafka",
        "Pipeline",
        "Traffic", "Verification", .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "Benchmarks",
      dependencies: [
        "Attribution", "Cluster", "Codec", "Configuration", "Inputs", "Kafka", "Pipeline",
        "Traffic", .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "simulate",
      dependencies: [
        "TestKit", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "tributary",
      dependencies: [
        "Attribution", "Benchmarks", "BrokerKit", "CMemory", "Cluster", "Codec", "Configuration",
        "Dashboard",
        "Files", "History", "Inputs", "Journeys", "Kafka", "ObjectStore", "Pipeline", "Readers",
        "Reporting",
        "SQLSink", "SQLite", "Service", "Traffic", "Verification", "WebClient",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "local-broker",
      dependencies: [
        "BrokerKit", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "soak",
      dependencies: [
        "BrokerKit", "Cluster", "Codec", "Configuration", "Kafka", "Pipeline", "Reporting",
        "Traffic",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "KafkaTests",
      dependencies: [
        "BrokerKit", "CRdkafka", "Kafka", .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "ClusterTests",
      dependencies: [
        "BrokerKit", "CRdkafka", "Cluster", "Configuration", "Kafka",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "AttributionTests",
      dependencies: ["Attribution", "Codec", "TestKit", "Traffic", "Verification"]),
    .target(name: "CAllocationCount"),
    .testTarget(
      name: "BenchmarksTests",
      dependencies: ["Attribution", "Benchmarks", "CAllocationCount", "Codec"]),
    .testTarget(name: "CodecTests", dependencies: ["Codec", "TestKit", "Traffic"]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration"]),
    .testTarget(
      name: "InputsTests",
      dependencies: [
        "Attribution", "CAllocationCount", "Codec", "Configuration", "History", "Inputs", "Kafka",
        "Pipeline", "TestKit", "TestServers", "Traffic", "Verification",
      ],
      exclude: ["Fixtures"]),
    .testTarget(name: "ReportingTests", dependencies: ["Attribution", "Codec", "Reporting"]),
    .testTarget(
      name: "TestKitTests", dependencies: ["Cluster", "Kafka", "TestKit"]),
    .testTarget(
      name: "TrafficTests", dependencies: ["Attribution", "Codec", "Traffic", "Verification"]),
    .testTarget(
      name: "VerificationTests",
      dependencies: ["Attribution", "Codec", "Inputs", "Traffic", "Verification"]),
    // Servers that several test targets ask.
    .target(
      name: "TestServers",
      dependencies: ["Attribution", "Codec", "Dashboard", "Reporting", "SQLSink", "Service"],
      path: "Tests/TestServers"),
    .testTarget(
      name: "DashboardTests",
      dependencies: [
        "Attribution", "CAllocationCount", "Codec", "Dashboard", "Reporting", "Service",
        "TestServers",
      ]),
    .testTarget(name: "ServiceTests", dependencies: ["Service", "TestServers"]),
    .testTarget(
      name: "SQLSinkTests",
      dependencies: ["Attribution", "Codec", "Reporting", "SQLSink", "TestServers"]),
    .testTarget(
      name: "ReadersTests",
      dependencies: [
        "Attribution", "Codec", "Dashboard", "Readers", "Reporting", "SQLite", "Service",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "HistoryTests",
      dependencies: ["Attribution", "Codec", "Configuration", "History", "TestKit", "Traffic"]),
    .testTarget(
      name: "FilesTests",
      dependencies: [
        "Attribution", "CZlib", "CZstd", "Cluster", "Codec", "Configuration", "Files", "Pipeline",
        "Reporting", "SQLSink", "SQLite", "TestKit", "Traffic",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "ObjectStoreTests",
      dependencies: ["Cluster", "Files", "ObjectStore", "Service", "WebClient"]),
    .testTarget(
      name: "JourneysTests",
      dependencies: ["Attribution", "Codec", "Journeys", "SQLite", "tributary"]),
    .testTarget(
      name: "PipelineTests",
      dependencies: [
        "Attribution", "BrokerKit", "Cluster", "Codec", "Configuration", "Inputs", "Kafka",
        "Pipeline", "TestKit", "Traffic", "Verification",
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "Attribution", "BrokerKit", "CZstd", "Cluster", "Codec", "Configuration", "Dashboard",
        "Files", "Journeys",
        "Kafka", "Pipeline", "Readers", "Reporting", "SQLSink", "SQLite", "TestKit", "TestServers",
        "Traffic", "Verification", "tributary",
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Browser", "TLS/tls_proxy.py"]),
  ],
  swiftLanguageModes: [.v6]
)
