/// What a soak does to the processor.
enum Fault: String, CaseIterable {
  case kill = "SIGKILL of an instance"
  case restart = "SIGTERM of an instance and restart"
  case join = "a new instance"
  case zombie = "SIGSTOP for longer than the session timeout, then SIGCONT"
  case powerCut = "SIGKILL of every instance and restart of the broker"
  case brokerOutage = "restart of the broker under running instances"
  case brokerKill = "SIGKILL of the broker"

  /// Why it cannot be done here; nil when it can.
  func reasonToLeaveOut(onLocalBroker isLocal: Bool) -> String? {
    switch self {
    case .kill, .restart, .join: nil
    case .zombie: isLocal ? "the local broker never expels a silent member" : nil
    case .powerCut: isLocal ? nil : "the broker is not the soak's own"
    case .brokerOutage:
      isLocal
        ? "the local broker comes back without its groups, and accepts what former owners send"
        : "the broker is not the soak's own; restart it by hand"
    case .brokerKill:
      isLocal
        ? "it would lose data, which Apache Kafka does not"
        : "the broker is not the soak's own; kill it by hand"
    }
  }
}
