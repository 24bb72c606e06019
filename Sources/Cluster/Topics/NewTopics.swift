import Kafka
import Logging

extension AdminClient {
  /// Makes topics, and comes back when every partition of each has a leader on all brokers' word.
  ///
  /// What passes by itself (a controller that changes, a topic of the name that is still being deleted) is waited
  /// for; a topic that exists is none of its business.
  ///
  /// - Parameters:
  ///   - isExpectedAnew: whether a topic that exists is one that is about to go.
  /// - Returns: what became of each.
  func makeTopics(
    _ topics: [TopicSpecification], isExpectedAnew: Bool = false, logger: Logger
  ) throws -> [String: CreateResult] {
    var results: [String: CreateResult] = [:]
    var missing = topics
    let began = ContinuousClock.now
    var backOff = BackOff()
    while !missing.isEmpty {
      let answers = try Retry(limit: NewTopics.timeout, logger: logger)(
        { () throws(KafkaError) in
          try createTopics(missing, timeoutMilliseconds: CallTimeout.initialization)
        })
      results.merge(answers) { $1 }
      missing.removeAll { topic in
        switch answers[topic.name] {
        case .created: true
        case .alreadyExists: !isExpectedAnew
        case .failed(let error): !error.isTransient
        case nil: false
        }
      }
      guard !missing.isEmpty, began.duration(to: .now) < NewTopics.timeout else { break }
      backOff.rest(backOff.next())
    }
    for topic in topics {
      if case .failed(let error) = results[topic.name] {
        throw OperatorError("cannot create topic \(topic.name): \(error)")
      }
    }
    if let left = missing.first {
      throw OperatorError(
        "cannot create topic \(left.name): one of this name is still being deleted after "
          + "\(NewTopics.timeout.inSeconds) s; try again")
    }
    try waitForLeaders(topics.map(\.name), logger: logger)
    return results
  }

  /// Waits until every partition of the topics has a leader.
  func waitForLeaders(_ names: [String], logger: Logger) throws {
    guard !names.isEmpty else { return }
    let began = ContinuousClock.now
    var backOff = BackOff()
    while true {
      let found = try describeTopics(names, timeoutMilliseconds: CallTimeout.initialization)
      let led = found.filter(\.leaderless.isEmpty)
      if led.count == names.count { return }
      guard began.duration(to: .now) < NewTopics.timeout else {
        let known = Set(led.map(\.name))
        let left = names.filter { !known.contains($0) }
        throw OperatorError(
          "\(left.joined(separator: ", ")): no leader for every partition after "
            + "\(NewTopics.timeout.inSeconds) s; look at the brokers' logs")
      }
      backOff.rest(backOff.next())
    }
  }

  /// Deletes topics and comes back when no broker's word has them any more: Kafka deletes after it has answered.
  func removeTopics(_ names: [String], logger: Logger) throws {
    try Retry(limit: NewTopics.timeout, logger: logger)(
      { () throws(KafkaError) in
        try deleteTopics(names, timeoutMilliseconds: CallTimeout.initialization)
      })
    let began = ContinuousClock.now
    var backOff = BackOff()
    while true {
      let left = try describeTopics(names, timeoutMilliseconds: CallTimeout.initialization)
      if left.isEmpty { return }
      guard began.duration(to: .now) < NewTopics.timeout else {
        throw OperatorError(
          "\(left.map(\.name).joined(separator: ", ")): still there "
            + "\(NewTopics.timeout.inSeconds) s after the deletion; look at the brokers' logs")
      }
      backOff.rest(backOff.next())
    }
  }
}

/// How long brokers may take to make or delete topics.
enum NewTopics {
  static let timeout = Duration.seconds(60)
}
