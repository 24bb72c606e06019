import BrokerKit
import Foundation
import Kafka
import TestServers
import Testing

/// Rollups and attributions are JSON, then Avro: every command reads on.
@Suite(.serialized) struct OutputFormatCommandTests {
  private func expectSuccess(
    _ program: Program, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let result = try program.run(arguments: arguments)
    #expect(
      result.status == 0, "\(arguments): \(result.output)\(result.errors)",
      sourceLocation: sourceLocation)
    return result.output
  }

  @Test func everyCommandReadsATopicThatHoldsBothForms() throws {
    let registry = try SubjectRegistry()
    defer { registry.stop() }
    let cluster = try Cluster(["TRIBUTARY_SCHEMA_REGISTRY": registry.url])
    var avro = cluster.program
    avro.environment["TRIBUTARY_OUTPUT_FORMAT"] = "avro"
    let traffic = [
      "generate", "--profile", "dense", "--users", "100", "--late", "0.05", "--version-rate", "0.1",
      "--costs",
    ]
    func generate(_ seed: Int) throws {
      let result = try cluster.program.run(
        arguments: traffic + ["--events", "1500", "--seed", "\(seed)"])
      #expect(result.status == 0, "\(result.errors)")
    }
    try generate(5)
    _ = try expectSuccess(cluster.program, "run", "--exit-at-end")
    let checked = try expectSuccess(avro, "config", "check")
    #expect(checked.contains("schema \(cluster.prefix)-rollups-value: new"), "\(checked)")
    try generate(6)
    _ = try expectSuccess(avro, "run", "--exit-at-end")
    let again = try expectSuccess(avro, "config", "check")
    #expect(again.contains("-attributions-value: compatible with what is registered"), "\(again)")

    var forms: [String: Set<UInt8>] = [:]
    for topic in ["rollups", "attributions"] {
      let records = try cluster.records(of: "\(cluster.prefix)-\(topic)")
      forms[topic] = Set(records.compactMap { $0.value?.first })
      #expect(registry.schemas(of: "\(cluster.prefix)-\(topic)-value").count == 1)
    }
    #expect(forms == ["rollups": [0, UInt8(ascii: "{")], "attributions": [0, UInt8(ascii: "{")]])

    let verified = try expectSuccess(cluster.program, "verify", "--all")
    #expect(verified.contains("0 differences"))
    let records = try cluster.records(of: "\(cluster.prefix)-attributions")
    let conversion = try #require(records.last { $0.value?.first == 0 }?.key)
    let id = String(decoding: conversion, as: UTF8.self)
    #expect(try expectSuccess(cluster.program, "explain", id).contains(id))
    let day = try expectSuccess(
      cluster.program, "report", "--day", "2026-01-05", "--provisional", "--format", "json")
    #expect(day.contains("campaign"))
    let journeys = try expectSuccess(cluster.program, "journeys", "export")
    #expect(journeys.contains(id))
    let database = try TestDatabase(.sqlite)
    defer { database.remove() }
    _ = try expectSuccess(cluster.program, "sink", "--to", database.address, "--exit-at-end")
    let keys = Set(records.compactMap(\.key))
    #expect(
      try database.ask("SELECT COUNT(*) FROM attributions;") == "\(keys.count)\n")
    let filled = try expectSuccess(
      avro, "backfill", "--from", "2026-01-05", "--to", "2026-01-05", "--json")
    #expect(filled.contains(#""windows_changed":0,"attributions_changed":0"#), "\(filled)")

    // Without its registry Avro cannot be read, and that is said.
    var without = cluster.program
    without.environment["TRIBUTARY_SCHEMA_REGISTRY"] = nil
    let lost = try without.run("sink", "--to", database.address + "x", "--exit-at-end")
    #expect(lost.status == 1 && lost.errors.contains("no schema_registry"), "\(lost.errors)")
    registry.stop()
    let away = try avro.run("run", "--exit-at-end")
    #expect(away.status == 1 && away.errors.contains("gives no answer"), "\(away.errors)")
    #expect(away.seconds < 30)
  }

  @Test func schemasArePrintedAndTroubleWithThemIsToldBefore() throws {
    let program = Program(environment: [
      "TRIBUTARY_OUTPUT_FORMAT": "avro", "TRIBUTARY_SCHEMA_REGISTRY": "http://127.0.0.1:1",
      "TRIBUTARY_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    ])
    let printed = try expectSuccess(program, "config", "schemas")
    let subjects = try printed.split(separator: "\n").map { line in
      try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])["subject"]
    }
    #expect(subjects == ["rollups-value", "rollups-tributary.Progress", "attributions-value"])
    let checked = try program.run("config", "check")
    #expect(checked.status == 1)
    #expect(
      checked.output.contains("error    schema rollups-value: schema_registry"), "\(checked.output)"
    )
    let registry = try SubjectRegistry()
    defer { registry.stop() }
    var wrong = program
    wrong.environment["TRIBUTARY_SCHEMA_REGISTRY"] = nil
    let refused = try wrong.run("config", "check", "--offline")
    #expect(refused.status == 2)
    #expect(
      refused.errors.contains(
        "TRIBUTARY_OUTPUT_FORMAT: output_format is avro, but there is no schema_registry; set schema_registry"
      ),
      "\(refused.errors)")
  }
}
