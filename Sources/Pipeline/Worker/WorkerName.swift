import Configuration

/// What a worker is called towards the broker.
struct WorkerName {
  let group: String
  /// Empty: a dynamic member.
  let instanceID: String
  let transactionalID: String

  /// Stable while the process lives, so that a rebuilt worker ends what the former left open.
  private static let processName = String(UInt64.random(in: .min ... .max), radix: 36)

  /// With an `instance_id` both names are stable, so that a restart takes its own place back;
  /// without one every start is a newcomer.
  init(_ configuration: Configuration, stage: String, index: Int) {
    group = "\(configuration.applicationID)-\(stage)"
    if configuration.instanceID.isEmpty {
      instanceID = ""
      transactionalID = "\(group)-\(WorkerName.processName)-\(index)"
    } else {
      instanceID = "\(configuration.instanceID)-\(index)"
      transactionalID = "\(group)-\(configuration.instanceID)-\(index)"
    }
  }
}
