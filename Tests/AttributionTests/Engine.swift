import Attribution
import Codec
import TestKit
import Verification

/// Both stages in process: tasks per partition, deltas summed per commit, one table of rollups.
final class Engine {
  private static let key = IdentityKey(.test)
  let definitions: Definitions
  let tasks: [AttributionTask]
  let costs: AttributionTask
  let table: RollupTable
  private(set) var rollups: [RollupKey: Rollup] = [:]
  private(set) var attributions: [ByteString: OracleAttribution] = [:]
  private(set) var revisions: [ByteString: Int64] = [:]
  /// The sum of all deltas of a key, added up here and nowhere else.
  private(set) var deltaSums: [RollupKey: [Int128]] = [:]

  init(_ definitions: Definitions, partitions: Int = 1, longestWalk: Int = 256) {
    self.definitions = definitions
    tasks = (0..<partitions).map { _ in
      AttributionTask(
        definitions: definitions, kinds: [.impression, .click, .conversion], key: Engine.key,
        longestWalk: longestWalk)
    }
    costs = AttributionTask(definitions: definitions, kinds: [.cost], key: Engine.key)
    table = RollupTable(definitions: definitions, taskCount: partitions)
  }

  @discardableResult
  func apply(_ event: OracleEvent) -> Outcome {
    event.lend { apply($0) }
  }

  @discardableResult
  func apply(_ event: Event) -> Outcome {
    task(of: event).apply(event)
  }

  private func task(of event: Event) -> AttributionTask {
    if event.kind == .cost { return costs }
    return tasks[Int(Hash128(fingerprintOf: event.userID).low % UInt64(tasks.count))]
  }

  func commit(now: Milliseconds = 0) {
    for task in tasks + [costs] {
      task.forEachDelta { delta in
        let view = definitions.views[delta.view]
        let key = RollupKey(
          view: view.name, dimensions: view.dimensions.indices.map { delta.value($0).string },
          windowStart: delta.windowStart)
        add(delta.sums, key, of: delta.view)
      }
      task.forEachCorrectedConversion { keep($0) }
      task.endCommit()
    }
    for (number, task) in tasks.enumerated() {
      table.update(
        task: Int32(number),
        task.progress.isIdle ? .idle(asOf: .max) : .active(task.progress.watermark))
    }
    table.advance(now: now)
    publish()
  }

  /// Closes every window, as at the end of the input.
  func close(through time: Milliseconds) {
    for number in tasks.indices { table.update(task: Int32(number), .finished(through: time)) }
    table.advance(now: 0, isComplete: true)
    publish()
  }

  private func publish() {
    var writer = RollupKeyWriter(views: definitions.views)
    table.publish { revision in
      let view = definitions.views[revision.view]
      writer.write(
        view: revision.view, names: revision.names, windowStart: revision.windowStart)
      // Its own spelling.
      let key = try! RollupKeyCodec.decode(writer.bytes, dimensionCount: view.dimensions.count)
      rollups[key] = Rollup(
        key: key, windowEnd: revision.windowEnd,
        sums: RollupSums(
          columns: revision.sums.indices.map(revision.sum), modelCount: definitions.models.count),
        isFinal: revision.isFinal, revision: revision.number, watermark: revision.watermark)
    }
  }

  private func add(_ sums: UnsafeBufferPointer<Int64>, _ key: RollupKey, of view: Int) {
    var bytes: [UInt8] = []
    RollupKeyCodec.encode(key, into: &bytes)
    bytes.withUnsafeBytes { bytes in
      let names = RollupKeyCodec.split(bytes)!.names
      table.add(sums, to: names, view: view, windowStart: key.windowStart)
    }
    var total = deltaSums[key] ?? Array(repeating: 0, count: sums.count)
    for index in sums.indices { total[index] += Int128(sums[index]) }
    deltaSums[key] = total
  }

  private func keep(_ conversion: CreditedConversion) {
    let count = conversion.touches.count
    let rows = count == 0 ? 0 : definitions.models.count
    let id = ByteString(conversion.conversionID)
    revisions[id] = conversion.revision
    attributions[id] = OracleAttribution(
      value: conversion.value, time: conversion.time, userID: conversion.userID.string,
      touches: conversion.touches.map {
        OracleTouch(
          kind: $0.kind, time: $0.time, eventID: $0.eventID.string,
          campaignID: $0.campaignID.string, channel: $0.channel.string, adID: $0.adID.string)
      },
      credits: (0..<rows).map { Array(conversion.credits[$0 * count..<($0 + 1) * count]) },
      revenues: (0..<rows).map { Array(conversion.revenues[$0 * count..<($0 + 1) * count]) },
      isTruncated: conversion.isTruncated, isDeleted: conversion.isDeleted)
  }

  /// What the tasks hold, in bytes by store.
  var memory: [String: Int] {
    var memory: [String: Int] = [:]
    for store in (tasks + [costs]).flatMap(\.memory) {
      memory[store.name, default: 0] += store.bytes
    }
    return memory
  }

  /// The sums of every rollup that is not zero.
  var sums: [RollupKey: RollupSums] {
    rollups.mapValues(\.sums).filter { !$0.value.isZero }
  }
}

extension Definitions {
  /// Every model, both kinds of touch, and views that differ in everything a view can differ in.
  static var everything: Definitions {
    var definitions = Definitions()
    definitions.models = Model.allCases
    definitions.touchKinds = [.click, .impression]
    definitions.views = [
      View(name: "campaign_5m", dimensions: [.campaignID], periodMilliseconds: 300_000),
      View(name: "channel_5m", dimensions: [.channel], periodMilliseconds: 300_000),
      View(
        name: "ad_1h", dimensions: [.adID, .campaignID], periodMilliseconds: 3_600_000,
        bucketConversionsBy: .touch),
      View(name: "total_10s", dimensions: [], periodMilliseconds: 10_000),
    ]
    return definitions
  }
}
