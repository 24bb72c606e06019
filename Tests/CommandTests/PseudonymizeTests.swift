import Attribution
import Codec
import Foundation
import Testing

/// `pseudonymize`: what is written names no user.
@Suite struct PseudonymizeTests {
  private static let key = "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592"
  private static var user: Regex<Substring> { #/u-[0-9a-f]{16}/# }

  private func keyFile(
    _ key: String = key, in folder: TemporaryFolder, named name: String = "key", mode: Int = 0o600
  ) throws -> String {
    let url = folder.url.appendingPathComponent(name)
    try Data("\(key)\n".utf8).write(to: url)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
    return url.path
  }

  @Test func aRunWritesNoUserIDAndVerifyAgrees() throws {
    let folder = try TemporaryFolder()
    var cluster = try Cluster(["TRIBUTARY_MODELS": "[last_touch, linear]"])
    let accepted = "\(cluster.prefix)-accepted"
    cluster.program.environment["TRIBUTARY_PSEUDONYMIZE"] = try keyFile(in: folder)
    cluster.program.environment["TRIBUTARY_TOPICS_ACCEPTED"] = accepted
    #expect(try cluster.program.run("topics", "create").status == 0)
    let generated = try cluster.program.run(
      "generate", "--profile", "dense", "--events", "5000", "--users", "200", "--late", "0.1",
      "--malformed", "0.02", "--duplicates", "0.02")
    #expect(generated.status == 0, "\(generated.errors)")
    // Behind all others in the topics, and days older: too late.
    let old = try cluster.program.run(
      "generate", "--profile", "dense", "--events", "300", "--seed", "2", "--start",
      "2026-01-01T08:00:00Z")
    #expect(old.status == 0, "\(old.errors)")
    let run = try cluster.program.run("run", "--exit-at-end", "--log-level", "debug")
    #expect(run.status == 0, "\(run.errors)")
    // Producers key by the raw id: nothing lies in a wrong partition.
    #expect(!run.errors.contains("another partition"))
    #expect(run.errors.firstMatch(of: Self.user) == nil)

    let topics = cluster.configuration.topics
    for topic in [
      topics.rollups, topics.attributions, topics.deadLetters, topics.lateEvents, accepted,
      "\(cluster.prefix)-state", "\(cluster.prefix)-deltas",
    ] {
      let records = try cluster.records(of: topic)
      #expect(!records.isEmpty, "\(topic)")
      for record in records {
        let text =
          String(decoding: (record.key ?? []) + [10] + (record.value ?? []), as: UTF8.self)
          + "\(record.headers)"
        #expect(text.firstMatch(of: Self.user) == nil, "\(topic): \(text)")
      }
    }
    let raw = try cluster.records(of: topics.clicks)
    let someone = try #require(raw.compactMap { $0.key }.first)
    let pseudonym = Pseudonymizer(PseudonymKey(Array(Self.key.utf8)))
      .pseudonym(of: String(decoding: someone, as: UTF8.self))
    let owners = Set(try cluster.records(of: accepted).compactMap { $0.key })
    #expect(owners.contains(Array(pseudonym.utf8)))

    let verified = try cluster.program.run("verify")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    let conversion = try #require(try cluster.records(of: topics.attributions).first?.key)
    let explained = try cluster.program.run("explain", String(decoding: conversion, as: UTF8.self))
    #expect(explained.status == 0, "\(explained.errors)")
    #expect(explained.output.firstMatch(of: Self.user) == nil)
    // What waits for a backfill is in our own form, and counts there.
    let late = try cluster.program.run("late", "--json")
    #expect(late.status == 0, "\(late.errors)")

    // Another key is noticed before anything is written.
    cluster.program.environment["TRIBUTARY_PSEUDONYMIZE"] = try keyFile(
      String(Self.key.reversed()), in: folder, named: "other")
    let other = try cluster.program.run("run", "--exit-at-end")
    #expect(other.status == 1)
    #expect(other.errors.contains("pseudonymize key"), "\(other.errors)")
    cluster.program.environment["TRIBUTARY_PSEUDONYMIZE"] = nil
    #expect(try cluster.program.run("run", "--exit-at-end").status == 1)
  }

  @Test func aKeyFileThatCannotBeUsedIsSaid() throws {
    let folder = try TemporaryFolder()
    func check(_ path: String, _ more: String...) throws -> Program.Result {
      try Program().run(
        arguments: ["config", "check", "--offline", "-s", "pseudonymize=\(path)"] + more)
    }
    for (path, problem) in [
      (folder.url.path + "/none", "there is no such file"),
      (folder.url.path, "cannot be read"),
      (try keyFile("short", in: folder, named: "short"), "its key has 5 bytes, fewer than 32"),
      (
        try keyFile(in: folder, named: "open", mode: 0o644),
        "every user of this machine can read it (mode 644)"
      ),
      (
        try keyFile(String(repeating: "k", count: 5_000), in: folder, named: "long"),
        "is larger than 4096 bytes"
      ),
    ] {
      let result = try check(path)
      #expect(result.status == 2, "\(path)")
      #expect(result.errors.contains(problem), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
    }
    let good = try check(try keyFile(in: folder))
    #expect(good.status == 0, "\(good.errors)")
    #expect(good.output.contains("pseudonymize: user ids, sessions and addresses are replaced"))
    #expect(!(good.output + good.errors).contains(Self.key))
    let rekeyed = try check(
      try keyFile(in: folder), "-s", "inputs=[{kind: click, topic: clicks, rekey: true}]")
    #expect(rekeyed.status == 2)
    #expect(rekeyed.errors.contains("re-keys"), "\(rekeyed.errors)")
  }
}
