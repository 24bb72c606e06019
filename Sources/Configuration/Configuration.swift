import Attribution

/// Everything a Tributary process needs to know before it starts.
///
/// A value of this type that came out of ``load(file:environment:overrides:)`` is valid: every rule
/// about a single setting, and about settings together, has been checked. The list of settings, with
/// their defaults and meanings, is ``Setting/all``.
public struct Configuration: Sendable, Equatable {
  /// Names consumer groups, transactional ids and internal topics.
  public var applicationID = "tributary"
  /// Brokers to start from: `host:port`, separated by commas.
  public var bootstrapServers = "localhost:9092"
  public var topics = Topics()
  /// What the numbers mean.
  public var definitions = Definitions()
  /// How long a transaction collects work before it is committed.
  public var commitInterval: Milliseconds = 1_000
  /// How many records behind the ends of its inputs a task must be for rollups to be published less
  /// often. No setting: tests lower it.
  public var catchUpRecords: Int64 = 100_000
  /// How many rollups of a partition become final in one transaction.
  public var closingLimit = 100_000
  /// How many of a user's records are walked before they are indexed.
  public var longestWalk = 256
  /// The bytes at which a record of state is full: fewer than brokers accept (1 MB by default). No setting:
  /// tests lower it.
  public var stateRecordBytes = 512 << 10
  /// A worker that makes no progress for so long is replaced.
  public var stallTimeout: Milliseconds = 60_000
  /// The most that everything remembered may take, in bytes; 0 stands for three quarters of the memory.
  public var maxMemory = 0
  /// Folder for copies of the live state, which a restart reads instead of the state topic; nil for none.
  public var stateDir: String?
  /// What to do when input was deleted before it was read.
  public var onLostInput = LostInputPolicy.stop
  /// How the producers of keyed inputs choose a partition.
  public var partitioner = InputPartitioner.murmur2
  /// Partitions of re-keyed inputs; 0 stands for as many as the inputs have that need no re-keying.
  public var rekeyPartitions = 0
  /// Worker threads; 0 stands for one per core.
  public var workers = 0
  /// Name of this process among those of the same `applicationID`; empty for none. When set, group
  /// membership is static and transactional ids are stable.
  public var instanceID = ""
  /// What the inputs hold, and under which names; nil: one input for each of ``topics``, with our own names.
  public var inputs: [InputEntry]?
  /// Where schemas of Avro and Protobuf records are asked for, and those of what is published are registered.
  public var schemaRegistry: RegistryAddress?
  /// How rollups and attributions are written.
  public var outputFormat = OutputFormat.json
  /// How log lines are written to standard error.
  public var logFormat = LogFormat.text
  /// File with the key that pseudonyms are made with; nil: user ids stay as they are. See ``readPseudonymKey()``.
  public var pseudonymize: String?
  /// librdkafka properties, passed through as they are. Values may be secrets: see
  /// ``isSecret(kafkaProperty:)``.
  public var kafka: [String: String] = [:]

  /// The defaults.
  public init() {}

  /// Deltas from the attribution stage to the rollup stage.
  public var deltasTopic: String { applicationID + "-deltas" }

  /// The attribution stage's state changelog.
  public var stateTopic: String { applicationID + "-state" }

  /// Where the re-keying stage stands in the topics that it reads.
  public var keyedPositionsTopic: String { applicationID + "-keyed-positions" }

  /// Events of a kind that came in topics which are keyed otherwise.
  public func keyedTopic(_ kind: EventKind) -> String { "\(applicationID)-keyed-\(kind)" }

  /// What backfills have done; made by the first.
  public var backfillsTopic: String { applicationID + "-backfills" }
}

extension Configuration {
  /// The topics that are read and written. Internal ones are ``Configuration/deltasTopic`` and
  /// ``Configuration/stateTopic``.
  public struct Topics: Sendable, Equatable {
    /// Optional input.
    public var impressions: String? = "impressions"
    public var clicks = "clicks"
    public var conversions = "conversions"
    /// Optional input.
    public var costs: String? = "costs"
    public var rollups = "rollups"
    public var attributions = "attributions"
    public var deadLetters = "dead-letters"
    public var lateEvents = "late-events"
    /// Optional: the deduped stream.
    public var accepted: String?

    public init() {}
  }

  /// A setting given on the command line; it wins over file and environment.
  public enum Override: Sendable, Equatable {
    /// `-b brokers`
    case bootstrapServers(String)
    /// `-X property=value`: the text after `-X`.
    case kafkaProperty(String)
    /// `-s key=value`: the text after `-s`.
    case assignment(String)
    /// Any setting by its path (`topics.clicks`). Lists may be written `a,b`, structures as inline
    /// YAML. `flag` is what the user typed, for error messages.
    case setting(path: String, value: String, flag: String)
  }
}

/// What `run` does when input was deleted before it was read.
public enum LostInputPolicy: String, CaseIterable, Sendable {
  /// Stop with an error that names topic, partition and offsets.
  case stop
  /// Go on behind the gap; count and publish the lost range.
  case `continue`
}

/// How rollups and attributions are written. Readers read both.
public enum OutputFormat: String, CaseIterable, Sendable {
  case json
  /// In the Confluent wire format, by schemas that follow from the configuration.
  case avro
}

/// How log lines are written.
public enum LogFormat: String, CaseIterable, Sendable {
  /// Time, level, message and fields, for people.
  case text
  /// One JSON object a line.
  case json
}

/// How producers choose the partition of a keyed record.
public enum InputPartitioner: String, CaseIterable, Sendable {
  /// As Kafka's Java client does.
  case murmur2
  /// As librdkafka does by default: CRC-32 of the key.
  case consistent
  /// Some other way; nothing is checked.
  case unchecked
}
