import Attribution
import Foundation
import Kafka
import Pipeline
import TestKit
import TestServers
import Testing
import Traffic

@testable import Configuration
@testable import Inputs

/// The same events in four forms, through both stages over a cluster in memory.
@Suite struct SameRollupsTests {
  private let formats = try! Formats.load()

  private static let definitions = {
    var definitions = Definitions()
    definitions.touchKinds = [.click, .impression]
    definitions.models = [.lastTouch, .linear]
    definitions.views = [
      View(name: "campaign", dimensions: [.campaignID], periodMilliseconds: 300_000),
      View(name: "ad", dimensions: [.channel, .adID], periodMilliseconds: 60_000),
    ]
    return definitions
  }()

  /// Everything that is published, byte for byte.
  private func published(
    format: String, registry: String, _ entry: (EventKind) -> Forms,
    _ value: (Formats.Event) -> [UInt8]
  ) throws -> [String: [UInt8]] {
    let topics = Configuration.Topics()
    let inputs = try EventKind.allCases.map { kind in
      try Configuration.load(
        yaml: """
          schema_registry: \(registry)
          inputs: [{topic: \(topics.input(of: kind)!), format: \(format), \(entry(kind).entry)}]
          """
      ).inputs![0]
    }
    let simulation = Simulation(
      Self.definitions, seed: 15, partitions: 2, inputs: inputs,
      schemaRegistry: RegistryAddress(registry))
    for event in formats.events {
      let kind = EventKind.allCases.first { "\($0)" == event.kind }!
      simulation.log.append(
        topics.input(of: kind)!, key: Array(event.key.utf8), value: value(event),
        timestamp: event.timestamp)
    }
    try simulation.runToEnd()
    let report = simulation.verify()
    #expect(report.differences.agrees, "\(format) \(report.differences)")
    #expect(report.inputs.reduce(0) { $0 + $1.tally.accepted } == formats.events.count)
    var records: [String: [UInt8]] = [:]
    for topic in [
      simulation.configuration.topics.rollups, simulation.configuration.topics.attributions,
    ] {
      simulation.log.forEachRecord(of: topic) { record in
        guard let key = record.key, key.first != UInt8(ascii: "@") else { return }
        records["\(topic) \(String(decoding: key, as: UTF8.self))"] = record.value.map { Array($0) }
      }
    }
    return records
  }

  @Test func theSameEventsInFourFormsGiveTheSameRollupsByteForByte() throws {
    let registry = try StubRegistry(formats)
    defer { registry.stop() }
    let own = try published(format: "json", registry: registry.url, Forms.own) {
      Array($0.own.utf8)
    }
    #expect(own.count > 60)
    let foreign = try published(format: "json", registry: registry.url, Forms.foreign) {
      Array($0.foreign.utf8)
    }
    #expect(foreign == own)
    let avro = try published(format: "avro", registry: registry.url, Forms.avro) { Array($0.avro) }
    #expect(avro == own)
    let protobuf = try published(format: "protobuf", registry: registry.url, Forms.protobuf) {
      Array($0.protobuf)
    }
    #expect(protobuf == own)
  }

  @Test func schemaFilesDoWithoutARegistry() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let avsc = folder.appendingPathComponent("order.avsc").path
    let desc = folder.appendingPathComponent("shop.desc").path
    try formats.avroSchemas["3"]!.write(toFile: avsc, atomically: true, encoding: .utf8)
    try formats.shopDescriptors.write(to: URL(fileURLWithPath: desc))
    let proto = Formats.folder.appendingPathComponent("shop.proto").path
    let order = formats.events.first { $0.kind == "conversion" }!
    var own = try Topic("kind: conversion")
    let expected = try own.read(order.own)
    var avro = try Topic("format: avro, schema: \(avsc), \(Forms.avro(.conversion).entry)")
    // With the frame and without it.
    #expect(try avro.read(Array(order.avro)) == expected)
    #expect(try avro.read(Array(order.avro.dropFirst(5))) == expected)
    #expect(try avro.read(Array(order.avro.dropFirst(5).dropLast())) == .rejected(.malformedAvro))
    for file in [proto, desc] {
      var framed = try Topic(
        "format: protobuf, schema: \(file), \(Forms.protobuf(.conversion).entry)")
      #expect(try framed.read(Array(order.protobuf)) == expected)
      var bare = try Topic(
        "format: protobuf, schema: \"\(file)#shop.Envelope.Order\", \(Forms.protobuf(.conversion).entry)"
      )
      // Five bytes of the frame, then the count of message indexes and two of them.
      #expect(try bare.read(Array(order.protobuf.dropFirst(8))) == expected)
      #expect(try bare.read([0x0A, 0x7F]) == .rejected(.malformedProtobuf))
    }
    #expect(throws: InputError.self) {
      _ = try Topic("format: protobuf, schema: \"\(proto)#Nobody\", kind: conversion")
    }
    #expect(throws: InputError.self) {
      _ = try Topic("format: avro, schema: \(proto), kind: conversion")
    }
  }
}
