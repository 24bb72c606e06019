import Attribution
import Codec
import Configuration
import Foundation
import Kafka
import Pipeline
import Service

/// The metrics of `run`. docs/operating/monitoring.md says what each means.
struct ProcessorMetrics: Sendable {
  private let metrics: Metrics
  private let models: [Model]

  init(_ settings: Configuration, _ metrics: Metrics) {
    self.metrics = metrics
    models = settings.definitions.models
    BuildInfo.set(metrics, command: "run")
    ProcessMetrics.define(metrics)
    for (name, kind, help) in Self.families { metrics.define(name, kind, help: help) }
    let empty = WorkerCounters()
    for (name, path, help) in Self.histograms {
      metrics.define(name, .histogram, help: help, bounds: empty[keyPath: path].bounds)
    }
  }

  private static let families: [(String, Metrics.Kind, String)] = [
    ("tributary_records_total", .counter, "Committed input records by topic and outcome."),
    (
      "tributary_unusable_records_total", .counter,
      "Committed dead letters by topic, reason and field."
    ),
    (
      "tributary_input_matches_total", .counter,
      "Records read, by topic and the entry of inputs that they are of."
    ),
    ("tributary_late_records_total", .counter, "Records that counted, behind the watermark."),
    (
      "tributary_misplaced_records_total", .counter,
      "Usable records that lie in another partition than their user_id belongs to, by topic."
    ),
    ("tributary_memory_limit_bytes", .gauge, "What max_memory allows."),
    ("tributary_memory_used_bytes", .gauge, "Bytes of everything remembered, by store."),
    ("tributary_load_shed", .gauge, "1 while nothing is read because max_memory is reached."),
    (
      "tributary_lost_records_total", .counter,
      "Records that were deleted before they were read, by partition; since the first run."
    ),
    ("tributary_input_lag_records", .gauge, "Records waiting, by partition."),
    (
      "tributary_input_stalled_seconds", .gauge,
      "For how long records have been waiting while the position did not move, by partition."
    ),
    ("tributary_input_idle", .gauge, "1 where an input partition is idle."),
    ("tributary_watermark_lag_seconds", .gauge, "Wall clock less a task's watermark."),
    ("tributary_final_lag_seconds", .gauge, "Wall clock less what is final, by partition."),
    ("tributary_last_progress_timestamp_seconds", .gauge, "When a commit last moved a partition."),
    ("tributary_transactions_total", .counter, "Transactions by stage and result."),
    ("tributary_rollups_published_total", .counter, "Revisions of rollups published."),
    ("tributary_restatements_total", .counter, "Rollups published again after they were final."),
    ("tributary_open_buckets", .gauge, "Rollups that are not final yet, by partition."),
    ("tributary_state_entries", .gauge, "Entries held, by store and partition."),
    ("tributary_state_bytes", .gauge, "Bytes held, by store and partition."),
    (
      "tributary_restored_entries_total", .counter,
      "Entries of state restored, by where they came from: the state topic, or a copy in state_dir."
    ),
    ("tributary_state_copy_bytes", .gauge, "Bytes of a task's copy in state_dir, by partition."),
    (
      "tributary_state_copy_timestamp_seconds", .gauge,
      "When a task's copy in state_dir was last brought up to date, by partition."
    ),
    (
      "tributary_conversions_total", .counter,
      "Conversions first published, by model and whether a touch earned them."
    ),
    (
      "tributary_conversion_corrections_total", .counter,
      "Conversions published again because a touch came late, or another version."
    ),
    ("tributary_worker_working", .gauge, "1 where a worker has its partitions and their state."),
    ("tributary_worker_restarts_total", .counter, "Workers built again after a failure."),
  ]

  private static var histograms: [(String, KeyPath<WorkerCounters, Histogram>, String)] {
    [
      (
        "tributary_end_to_end_latency_seconds", \.endToEndTime,
        "From an event's acceptance to the commit of a rollup that counts it."
      ),
      (
        "tributary_transaction_duration_seconds", \.transactionTime,
        "From the first effect written to the confirmed commit, by stage."
      ),
      (
        "tributary_restore_duration_seconds", \.restoreTime,
        "Reading back the state of partitions taken over, by stage."
      ),
      (
        "tributary_restatement_age_seconds", \.restatementAge,
        "Event time between the end of a restated window and the newest final one."
      ),
    ]
  }

  /// Brings all up to date.
  func set(_ workers: [ProcessorMonitor.Worker], _ monitor: ProcessorMonitor?) {
    let memory = monitor?.memory.use
    for match in monitor?.matches ?? [] {
      metrics.set(
        "tributary_input_matches_total",
        ["topic": match.topic, "entry": "\(match.entry) \(match.kind)"], to: Double(match.count))
    }
    var unusable: [WorkerCounters.Unusable: Int] = [:]
    for worker in workers { unusable.merge(worker.report.counters.unusable, uniquingKeysWith: +) }
    for (kind, count) in unusable {
      metrics.set(
        "tributary_unusable_records_total",
        ["topic": kind.topic, "reason": kind.reason, "field": kind.field], to: Double(count))
    }
    ProcessMetrics.refresh(metrics)
    // Partitions come and go.
    for (name, kind, _) in Self.families where kind == .gauge { metrics.clear(name) }
    for worker in workers { set(worker) }
    if let memory { set(memory) }
    for (stage, members) in Dictionary(grouping: workers, by: \.stage) {
      let counters = members.map(\.report.counters)
      switch stage {
      case "rollups": setRollups(counters)
      case "attribution": setAttribution(counters)
      default: setRekeyed(counters)
      }
      set("tributary_transaction_duration_seconds", counters, \.transactionTime, ["stage": stage])
      set("tributary_restore_duration_seconds", counters, \.restoreTime, ["stage": stage])
      for result in WorkerCounters.TransactionResult.allCases {
        metrics.set(
          "tributary_transactions_total", ["stage": stage, "result": result.rawValue],
          to: sum(counters) { $0.transactions[result] ?? 0 })
      }
    }
  }

  private func set(_ memory: MemoryLimit.Use) {
    metrics.set("tributary_memory_limit_bytes", to: Double(memory.limit))
    for (store, bytes) in memory.stores {
      metrics.set("tributary_memory_used_bytes", ["store": store], to: Double(bytes))
    }
    metrics.set("tributary_load_shed", to: memory.isShedding ? 1 : 0)
  }

  private func set(_ worker: ProcessorMonitor.Worker) {
    let now = Date().timeIntervalSince1970
    let report = worker.report
    metrics.set(
      "tributary_worker_working", ["worker": worker.name], to: report.phase == .working ? 1 : 0)
    metrics.set(
      "tributary_worker_restarts_total", ["worker": worker.name], to: Double(worker.restarts))
    for source in report.sources {
      let labels = [
        "topic": source.partition.topic, "partition": "\(source.partition.partition)",
      ]
      metrics.set("tributary_input_lag_records", labels, to: source.lag.map { Double($0) })
      metrics.set(
        "tributary_input_stalled_seconds", labels,
        to: worker.waits[source.partition].map { $0 / .seconds(1) } ?? 0)
      metrics.set("tributary_input_idle", labels, to: source.isIdle.map { $0 ? 1 : 0 })
      metrics.set(
        "tributary_last_progress_timestamp_seconds", labels,
        to: worker.lastMoves[source.partition].map { Double($0) / 1_000 })
    }
    for source in report.rekeyed {
      setLost(report.lost, of: source.partition)
    }
    for task in report.tasks {
      let inputs = task.isKeyed ? "keyed" : "costs"
      if task.isKeyed {
        metrics.set(
          "tributary_watermark_lag_seconds", ["partition": "\(task.partition)"],
          to: task.watermark.map { now - Double($0) / 1_000 })
      }
      for source in task.sources { setLost(task.lost, of: source.partition) }
      let labels = ["inputs": inputs, "partition": "\(task.partition)"]
      for store in task.stores { set(store, labels) }
      if let copy = task.copy {
        metrics.set("tributary_state_copy_bytes", labels, to: Double(copy.bytes))
        metrics.set(
          "tributary_state_copy_timestamp_seconds", labels,
          to: copy.writtenAt.map { Double($0) / 1_000 })
      }
    }
    for rollups in report.rollups {
      let labels = ["partition": "\(rollups.source.partition.partition)"]
      metrics.set(
        "tributary_final_lag_seconds", labels,
        to: rollups.finalThrough.map { now - Double($0) / 1_000 })
      metrics.set("tributary_open_buckets", labels, to: Double(rollups.openCount))
      set(rollups.store, labels)
    }
  }

  private func setLost(_ lost: [LostRange], of partition: TopicPartition) {
    let count = lost.filter {
      $0.topic == partition.topic && $0.partition == partition.partition
    }.reduce(0) { $0 + $1.count }
    metrics.set(
      "tributary_lost_records_total",
      ["topic": partition.topic, "partition": "\(partition.partition)"], to: Double(count))
  }

  private func set(_ store: StoreSize, _ labels: [String: String]) {
    let labels = labels.merging(["store": store.name]) { $1 }
    metrics.set("tributary_state_entries", labels, to: Double(store.entries))
    metrics.set("tributary_state_bytes", labels, to: Double(store.bytes))
  }

  private func setAttribution(_ counters: [WorkerCounters]) {
    var records: [String: InputCounts] = [:]
    for counter in counters {
      for (topic, counts) in counter.records {
        records[topic, default: InputCounts()].add(counts)
      }
    }
    for (topic, counts) in records {
      for (outcome, count) in [
        ("filtered", counts.filtered), ("accepted", counts.accepted),
        ("replaced", counts.replaced), ("duplicate", counts.duplicates),
        ("dead_letter", counts.deadLetters), ("too_late", counts.tooLate),
      ] {
        metrics.set(
          "tributary_records_total", ["topic": topic, "outcome": outcome], to: Double(count))
      }
      metrics.set("tributary_late_records_total", ["topic": topic], to: Double(counts.late))
      metrics.set(
        "tributary_misplaced_records_total", ["topic": topic], to: Double(counts.misplaced))
    }
    for (source, count) in [
      ("topic", sum(counters, \.entriesFromTopic)), ("copy", sum(counters, \.entriesFromCopies)),
    ] {
      metrics.set("tributary_restored_entries_total", ["from": source], to: count)
    }
    for model in models {
      for (isAttributed, count) in [
        (true, sum(counters, \.attributedConversions)),
        (false, sum(counters, \.unattributedConversions)),
      ] {
        metrics.set(
          "tributary_conversions_total",
          ["model": model.rawValue, "attributed": "\(isAttributed)"], to: count)
      }
    }
    metrics.set(
      "tributary_conversion_corrections_total", to: sum(counters, \.correctedConversions))
  }

  private func setRekeyed(_ counters: [WorkerCounters]) {
    var total = WorkerCounters()
    for counter in counters {
      for (topic, counts) in counter.rekeyed {
        total.rekeyed[topic, default: RekeyCounts()].add(counts)
      }
    }
    for (topic, counts) in total.rekeyed {
      for (outcome, count) in [
        ("filtered", counts.filtered), ("rekeyed", counts.forwarded),
        ("dead_letter", counts.deadLetters),
      ] {
        metrics.set(
          "tributary_records_total", ["topic": topic, "outcome": outcome], to: Double(count))
      }
    }
  }

  private func setRollups(_ counters: [WorkerCounters]) {
    metrics.set("tributary_rollups_published_total", to: sum(counters, \.rollupsPublished))
    metrics.set("tributary_restatements_total", to: sum(counters) { $0.restatementAge.count })
    set("tributary_restatement_age_seconds", counters, \.restatementAge)
    set("tributary_end_to_end_latency_seconds", counters, \.endToEndTime)
  }

  private func sum(_ counters: [WorkerCounters], _ count: (WorkerCounters) -> Int) -> Double {
    Double(counters.reduce(0) { $0 + count($1) })
  }

  private func set(
    _ name: String, _ counters: [WorkerCounters], _ path: KeyPath<WorkerCounters, Histogram>,
    _ labels: [String: String] = [:]
  ) {
    guard var total = counters.first?[keyPath: path] else { return }
    for other in counters.dropFirst() { total.add(other[keyPath: path]) }
    metrics.set(name, labels, counts: total.counts, sum: total.sum)
  }
}
