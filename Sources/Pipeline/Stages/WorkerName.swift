import Configuration

/// What a worker is called towards the broker.
struct WorkerName {
  let group: String
  /// Empty: a dynamic member.
  let instanceID: String
  let transactionalID: String

  /// With an `instance_id` both names are stable, so that a restart takes its own place back;
  /// without one every start is a newcomer.
  init(_ configuration: Configuration, stage: String, index: Int) {
    group = "\(configuration.applicationID)-\(stage)"
    if configuration.instanceID.isEmpty {
      instanceID = ""
      let random = String(UInt64.random(in: .min ... .max), radix: 36)
      transactionalID = "\(group)-\(random)-\(index)"
    } else {
      instanceID = "\(configuration.instanceID)-\(index)"
      transactionalID = "\(group)-\(configuration.instanceID)-\(index)"
    }
  }
}
