import Attribution
import Codec
import Configuration

/// How the records of one topic become events: the entries of `inputs` that share it, compiled once.
///
/// Without a mapping it is today's form, which `EventDecoder` reads alone.
public final class InputPlan: Sendable {
  public let topic: String
  public let entries: [EntryPlan]
  public let format: InputFormat
  /// Whether fields or conditions need the records' headers.
  public let needsHeaders: Bool
  /// The kind of all records, where they are in our own form.
  public let ownKind: EventKind?
  private let configured: [EventKind: [String]]
  /// Of an internal topic of re-keyed events: the plans of the topics that they come from. Empty for all others.
  public let sources: [InputPlan]
  /// Whether its records must say where they came from.
  public let needsOrigin: Bool
  private let keyedKind: EventKind?
  /// Names how its records are read.
  public let fingerprint: MappingFingerprint
  /// Records of each entry that tasks have read in this process.
  public let matches: EntryMatches
  let tree: PathTree
  let topicName: Constant
  let schemas: any SchemaSource

  /// - Parameters:
  ///   - entries: at least one, all of the same topic, format and schema, in their order.
  ///   - schemas: where schemas are found; asked only by Avro and Protobuf.
  init(
    topic: String, _ entries: [InputEntry], _ configuration: Configuration,
    schemas: any SchemaSource
  ) throws(InputError) {
    self.topic = topic
    topicName = Constant(topic)
    self.schemas = schemas
    configured = Dictionary(
      uniqueKeysWithValues: EventKind.allCases.map {
        ($0, configuration.definitions.fields(of: $0).names)
      })
    format = entries[0].format ?? .json
    var tree = PathTree()
    var plans: [EntryPlan] = []
    for entry in entries {
      plans.append(
        try EntryPlan(
          entry, configuration.fieldNames(of: entry.kind),
          configured: configuration.definitions.fields(of: entry.kind).names, &tree))
    }
    tree.finish()
    self.tree = tree
    self.entries = plans
    matches = EntryMatches(entries: plans.count)
    fingerprint = MappingFingerprint(entries, matchOn: configuration.definitions.matchOn)
    sources = []
    needsOrigin = false
    keyedKind = nil
    needsHeaders = plans.contains(where: \.needsHeaders)
    ownKind = entries.count == 1 && entries[0].isOwnForm ? entries[0].kind : nil
  }

  /// The plan of an internal topic of re-keyed events, whose records are as they came.
  ///
  /// - Parameter sources: of the topics that they come from, at least one.
  init(keyed topic: String, _ kind: EventKind, sources: [InputPlan]) {
    self.topic = topic
    topicName = Constant(topic)
    self.sources = sources
    keyedKind = kind
    configured = sources[0].configured
    needsOrigin =
      sources.count > 1 || sources.contains { $0.entries.contains(where: \.needsOrigin) }
    needsHeaders = needsOrigin || sources.contains(where: \.needsHeaders)
    entries = sources[0].entries
    matches = EntryMatches(entries: entries.count)
    fingerprint = MappingFingerprint(of: sources.map(\.fingerprint))
    format = sources[0].format
    tree = sources[0].tree
    schemas = sources[0].schemas
    ownKind = sources.count == 1 ? sources[0].ownKind : nil
  }

  /// Whether it is of an internal topic of re-keyed events.
  public var isKeyed: Bool { !sources.isEmpty }

  /// The plan of a topic in our own form.
  public convenience init(topic: String, kind: EventKind) {
    let entry = InputEntry(kind: kind, source: .topic(topic))
    // Nothing is mapped that could be wrong.
    try! self.init(
      topic: topic, [entry], Configuration(), schemas: NoSchemas())
  }

  /// The fields that the configuration adds to events of a kind, in the order of their values.
  func configuredNames(of kind: EventKind) -> [String] { configured[kind] ?? [] }

  /// The kinds that its records can be, in the order of their entries.
  public var kinds: [EventKind] {
    if let keyedKind { return [keyedKind] }
    return entries.map(\.kind).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

/// What an input or its schema cannot be: one line for a person.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
