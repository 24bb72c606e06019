import Kafka

/// A consumer group as its coordinator knows it: eager rebalances, `range` assignment.
///
/// When a member comes or goes, every other one gives up what it has and joins again; when the last
/// one has, the next generation begins. A member that is not heard of is expelled in the end.
final class MemoryGroup {
  /// One incarnation of a member.
  final class Member {
    /// Empty: a dynamic member.
    let instanceID: String
    let topics: [(name: String, partitions: Int)]
    var lastHeard: Int64
    /// Whether it has given up its partitions and waits for the next generation.
    var hasJoined = true
    /// The generation of `assignment`; -1 before the first.
    var generation = -1
    var assignment: [TopicPartition] = []
    /// The generation whose assignment it has been told.
    var toldGeneration = -1

    init(instanceID: String, topics: [(name: String, partitions: Int)], now: Int64) {
      self.instanceID = instanceID
      self.topics = topics
      lastHeard = now
    }
  }

  let name: String
  /// What has been committed.
  var offsets: [TopicPartition: Int64] = [:]
  private(set) var generation = 0
  private(set) var isRebalancing = false
  private(set) var members: [Member] = []
  private let note: (ClusterEvent) -> Void

  init(_ name: String, note: @escaping (ClusterEvent) -> Void) {
    self.name = name
    self.note = note
  }

  func contains(_ member: Member) -> Bool { members.contains { $0 === member } }

  /// Whether another incarnation has taken the static member's place.
  func isReplaced(_ member: Member) -> Bool {
    !member.instanceID.isEmpty && !contains(member)
      && members.contains { $0.instanceID == member.instanceID }
  }

  /// Takes a newcomer in. A static member takes its former incarnation's place, and partitions.
  func join(_ member: Member) {
    if !member.instanceID.isEmpty,
      let index = members.firstIndex(where: { $0.instanceID == member.instanceID })
    {
      let former = members[index]
      members[index] = member
      if isRebalancing { return completeIfAllJoined() }
      member.hasJoined = false
      member.assignment = former.assignment
      member.generation = generation
      return
    }
    members.append(member)
    beginRebalance()
    completeIfAllJoined()
  }

  /// Notes that a member has given up its partitions.
  func rejoin(_ member: Member) {
    member.hasJoined = true
    completeIfAllJoined()
  }

  func leave(_ member: Member) {
    guard contains(member) else { return }
    members.removeAll { $0 === member }
    beginRebalance()
    completeIfAllJoined()
  }

  /// Drops the members that were last heard of before `deadline`.
  func expel(silentSince deadline: Int64) {
    let count = members.count
    members.removeAll { $0.lastHeard < deadline }
    guard members.count < count else { return }
    for _ in members.count..<count { note(.expelled) }
    beginRebalance()
    completeIfAllJoined()
  }

  private func beginRebalance() {
    guard !isRebalancing else { return }
    isRebalancing = true
    for member in members where member.generation >= 0 { member.hasJoined = false }
  }

  private func completeIfAllJoined() {
    guard isRebalancing, members.allSatisfy(\.hasJoined) else { return }
    isRebalancing = false
    generation += 1
    for member in members {
      member.hasJoined = false
      member.generation = generation
      member.assignment = member.topics.flatMap { topic in
        let subscribers = members.filter { $0.topics.contains { $0.name == topic.name } }
        let rank = subscribers.firstIndex { $0 === member }!
        let partitions = subscribers.flatMap(\.topics).filter { $0.name == topic.name }
          .map(\.partitions).max()!
        return share(of: rank, among: subscribers.count, topic.name, partitions)
      }
    }
    if !members.isEmpty { note(.rebalanced) }
  }

  private func share(
    of rank: Int, among count: Int, _ topic: String, _ partitions: Int
  ) -> [TopicPartition] {
    let (each, rest) = partitions.quotientAndRemainder(dividingBy: count)
    let first = rank * each + min(rank, rest)
    return (first..<first + each + (rank < rest ? 1 : 0)).map {
      TopicPartition(topic: topic, partition: Int32($0))
    }
  }
}
