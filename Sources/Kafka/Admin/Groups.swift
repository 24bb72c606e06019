/// A consumer group as its coordinator describes it.
public struct GroupDescription: Sendable, Equatable {
  /// Kafka's name of the state, as in `Stable`, `PreparingRebalance` or `Empty`.
  public var state: String
  public var members: [GroupMember]

  public init(state: String, members: [GroupMember]) {
    self.state = state
    self.members = members
  }
}

/// A member of a consumer group, with the partitions that the group has given it.
public struct GroupMember: Sendable, Equatable {
  /// What the coordinator calls it.
  public var id: String
  /// `group.instance.id`; nil for a dynamic member.
  public var instanceID: String?
  public var clientID: String
  /// Where it connects from, as the broker sees it.
  public var host: String
  public var partitions: [TopicPartition]

  public init(
    id: String, instanceID: String? = nil, clientID: String = "", host: String = "",
    partitions: [TopicPartition] = []
  ) {
    self.id = id
    self.instanceID = instanceID
    self.clientID = clientID
    self.host = host
    self.partitions = partitions
  }
}
