import Attribution
import BrokerKit
import Codec
import Foundation
import Testing

/// `erase`: all events of a user are taken back, and everything that follows from them.
@Suite struct EraseTests {
  private struct Outcome: Decodable {
    var isDryRun: Bool
    var impressions: Int
    var clicks: Int
    var conversions: Int
    var deletedBefore: Int
    var waitingForBackfill: Int
    var backfillFrom: String?
    var backfillTo: String?

    private enum CodingKeys: String, CodingKey {
      case isDryRun = "dry_run"
      case deletedBefore = "deleted_before"
      case waitingForBackfill = "waiting_for_backfill"
      case backfillFrom = "backfill_from"
      case backfillTo = "backfill_to"
      case impressions, clicks, conversions
    }

    var total: Int { impressions + clicks + conversions }
  }

  private func erase(_ cluster: Cluster, _ arguments: String...) throws -> Outcome {
    let result = try cluster.program.run(arguments: ["erase", "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(Outcome.self, from: Data(result.output.utf8))
  }

  private func attributions(_ cluster: Cluster, ofUser user: String) throws -> [String: String] {
    var last: [String: String] = [:]
    for record in try cluster.records(of: cluster.configuration.topics.attributions) {
      let value = String(decoding: record.value ?? [], as: UTF8.self)
      guard value.contains("\"user_id\":\"\(user)\"") else { continue }
      last[String(decoding: record.key ?? [], as: UTF8.self)] = value
    }
    return last
  }

  /// The user with most conversions, as producers write it.
  private func busiestUser(_ cluster: Cluster) throws -> String {
    let keys = try cluster.records(of: cluster.configuration.topics.conversions).compactMap(\.key)
    let counts = Dictionary(grouping: keys) { $0 }.mapValues(\.count)
    let busiest = try #require(
      counts.max { ($0.value, $1.key.description) < ($1.value, $0.key.description) })
    return String(decoding: busiest.key, as: UTF8.self)
  }

  @Test(arguments: [false, true])
  func everythingOfTheUserIsTakenBack(hasPseudonyms: Bool) throws {
    let folder = try TemporaryFolder()
    var cluster = try Cluster()
    let secret = "a key of 32 bytes that is no secret"
    if hasPseudonyms {
      let url = folder.url.appendingPathComponent("key")
      try Data(secret.utf8).write(to: url)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
      cluster.program.environment["TRIBUTARY_PSEUDONYMIZE"] = url.path
    }
    var result = try cluster.program.run(
      "generate", "--profile", "dense", "--events", "3000", "--users", "40", "--version-rate",
      "0.1", "--late", "0")
    #expect(result.status == 0, "\(result.errors)")
    result = try cluster.program.run("run", "--exit-at-end")
    #expect(result.status == 0, "\(result.errors)")
    let user = try busiestUser(cluster)
    let published =
      hasPseudonyms
      ? Pseudonymizer(PseudonymKey(Array(secret.utf8))).pseudonym(of: user) : user
    let former = try attributions(cluster, ofUser: published)
    #expect(former.values.contains { !$0.contains(#""deleted":true"#) })

    // A dry run writes nothing, and neither does one that nobody confirms.
    let planned = try erase(cluster, "--user", user, "--dry-run")
    #expect(planned.isDryRun && planned.total > 10 && planned.conversions > 0)
    // All of it lies within the correction horizon.
    #expect(planned.waitingForBackfill == 0 && planned.backfillFrom == nil)
    result = try cluster.program.run("erase", "--user", user)
    #expect(result.status == 1)
    #expect(result.errors.contains("pass --yes to confirm"))
    let again = try erase(cluster, "--user", user, "--dry-run")
    #expect(again.total == planned.total && again.deletedBefore == planned.deletedBefore)

    let done = try erase(cluster, "--user", user, "--yes")
    #expect(!done.isDryRun && done.total == planned.total)
    result = try cluster.program.run("run", "--exit-at-end")
    #expect(result.status == 0, "\(result.errors)")
    if let first = done.backfillFrom, let last = done.backfillTo {
      result = try cluster.program.run("backfill", "--from", first, "--to", last)
      #expect(result.status == 0, "\(result.errors)")
    }
    let left = try attributions(cluster, ofUser: published)
    #expect(Set(left.keys) == Set(former.keys))
    #expect(left.values.allSatisfy { $0.contains(#""deleted":true"#) }, "\(left)")
    result = try cluster.program.run("verify")
    #expect(result.status == 0, "\(result.output)\(result.errors)")

    // Nothing is left to delete, and others have kept theirs.
    let rest = try erase(cluster, "--user", user, "--yes")
    #expect(rest.total == 0)
    #expect(rest.deletedBefore == planned.total + planned.deletedBefore)
    let all = try cluster.records(of: cluster.configuration.topics.attributions)
    #expect(
      all.contains { !String(decoding: $0.value ?? [], as: UTF8.self).contains(#""deleted""#) })
  }

  @Test func whoIsNotThereIsSaid() throws {
    let cluster = try Cluster()
    let result = try cluster.program.run("erase", "--user", "nobody", "--yes")
    #expect(result.status == 0)
    #expect(result.output == "the inputs hold no event of this user\n")
    let unmatched = try cluster.program.run(
      "erase", "--user", "00000000-0000-0000-0000-000000000000", "--yes")
    #expect(unmatched.status == 1)
    #expect(unmatched.errors.contains("unmatched_users"))
  }

  @Test func inputsWithAMappingAreTheirProducersBusiness() throws {
    var cluster = try Cluster()
    #expect(
      try cluster.program.run("generate", "--profile", "dense", "--events", "500", "--users", "5")
        .status == 0)
    let user = try busiestUser(cluster)
    let topics = cluster.configuration.topics
    cluster.program.environment["TRIBUTARY_INPUTS"] = """
      [{kind: click, topic: \(topics.clicks), fields: {event_id: event_id, user_id: user_id, event_time: event_time, \
      campaign_id: campaign_id}}, {kind: conversion, topic: \(topics.conversions)}]
      """
    let result = try cluster.program.run("erase", "--user", user, "--yes")
    #expect(result.status == 1)
    #expect(result.errors.contains("nothing was written"), "\(result.errors)")
    #expect(result.errors.contains(topics.clicks))
  }
}
