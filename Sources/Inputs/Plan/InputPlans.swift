import Attribution
import Configuration

/// The plans of every topic that is read, compiled from the configuration. Shared by all threads.
public final class InputPlans: Sendable {
  /// What the tasks read: of re-keyed topics the internal ones.
  public let plans: [InputPlan]
  /// The topics that are re-keyed.
  public let rekeyed: [InputPlan]
  /// The topics that producers write, in the configuration's order.
  public let sources: [InputPlan]

  /// - Throws: `InputError` for a schema file that cannot be used.
  public convenience init(_ configuration: Configuration) throws(InputError) {
    let registry = try configuration.schemaRegistry.map { address throws(InputError) in
      try SchemaRegistry(address)
    }
    try self.init(configuration, registry: registry)
  }

  /// - Parameter registry: nil for none.
  public init(_ configuration: Configuration, registry: SchemaRegistry?) throws(InputError) {
    var plans: [InputPlan] = []
    var topics: [String] = []
    let inputs = configuration.topicInputs
    for case let topic? in inputs.map(\.topic) where !topics.contains(topic) {
      topics.append(topic)
      let entries = inputs.filter { $0.topic == topic }
      plans.append(
        try InputPlan(
          topic: topic, entries, configuration,
          schemas: try schemaSource(entries[0], registry)))
    }
    let rekeyedTopics = Set(inputs.filter(\.rekey).compactMap(\.topic))
    sources = plans
    let rekeyed = plans.filter { rekeyedTopics.contains($0.topic) }
    plans.removeAll { rekeyedTopics.contains($0.topic) }
    for kind in EventKind.allCases {
      let sources = rekeyed.filter { $0.kinds.contains(kind) }
      guard !sources.isEmpty else { continue }
      plans.append(InputPlan(keyed: configuration.keyedTopic(kind), kind, sources: sources))
    }
    self.rekeyed = rekeyed
    self.plans = plans
  }

  /// What has been read of the topics with a mapping, by entry: nothing yet, for one that fits no record.
  public var matches: [(topic: String, entry: Int, kind: EventKind, count: Int)] {
    (plans + rekeyed).filter { $0.ownKind == nil && !$0.isKeyed }.flatMap { plan in
      zip(plan.entries, plan.matches.totals).enumerated().map { index, found in
        (plan.topic, index + 1, found.0.kind, found.1)
      }
    }
  }

  /// The plan of a topic; nil where it is no input.
  public func plan(of topic: String) -> InputPlan? {
    plans.first { $0.topic == topic } ?? rekeyed.first { $0.topic == topic }
  }
}

/// Where the schemas of an entry's records are found.
private func schemaSource(
  _ entry: InputEntry, _ registry: SchemaRegistry?
) throws(InputError) -> any SchemaSource {
  guard let format = entry.format, format != .json else { return NoSchemas() }
  if let file = entry.schema { return try SchemaFile(file, format) }
  guard let registry else {
    throw InputError("\(entry.topic ?? "") is \(format.rawValue), but there is no schema_registry")
  }
  return registry
}
