/// A topic to create.
public struct TopicSpecification: Sendable, Equatable {
  public var name: String
  public var partitions: Int32
  /// Copies of each partition; -1 takes the cluster's default.
  public var replicationFactor: Int32
  /// Topic configuration, such as `cleanup.policy`.
  public var settings: [String: String]

  public init(
    name: String, partitions: Int32, replicationFactor: Int32 = -1,
    settings: [String: String] = [:]
  ) {
    self.name = name
    self.partitions = partitions
    self.replicationFactor = replicationFactor
    self.settings = settings
  }
}

/// A topic that exists.
public struct TopicDescription: Sendable, Equatable {
  public var name: String
  /// How many partitions it has.
  public var partitions: Int
  /// Copies of the partition that has fewest.
  public var replicas: Int
  /// Partitions that nobody leads for now: they can be neither read nor written.
  public var leaderless: [Int32]

  public init(name: String, partitions: Int, replicas: Int = 1, leaderless: [Int32] = []) {
    self.name = name
    self.partitions = partitions
    self.replicas = replicas
    self.leaderless = leaderless
  }
}

/// One setting of a topic.
public struct TopicSetting: Sendable, Equatable {
  public var value: String
  /// Set on the topic itself, not inherited.
  public var isOwn: Bool

  public init(value: String, isOwn: Bool) {
    self.value = value
    self.isOwn = isOwn
  }
}

/// What became of a topic to create.
public enum CreateResult: Sendable, Equatable {
  case created
  /// It was there before, perhaps with another shape.
  case alreadyExists
  case failed(KafkaError)
}
