/// What a soak does to the processor.
enum Fault: String, CaseIterable {
  case kill = "SIGKILL of an instance"
  case restart = "SIGTERM of an instance and restart"
  case join = "a new instance"
  case zombie = "SIGSTOP for longer than the session timeout, then SIGCONT"
  case powerCut = "SIGKILL of every instance and end of every broker"
  case brokerOutage = "end of every broker under running instances"
  case brokerKill = "SIGKILL of one of several brokers"

  /// Why it cannot be done here; nil when it can.
  func reasonToLeaveOut(_ brokers: Brokers) -> String? {
    switch (self, brokers) {
    case (.kill, _), (.restart, _), (.join, _): nil
    case (.zombie, .local): "the local broker never expels a silent member"
    case (.zombie, _): nil
    case (.powerCut, .local), (.powerCut, .commanded): nil
    case (.brokerOutage, .local):
      "the local broker comes back without its groups, and accepts what former owners send"
    case (.brokerKill, .local): "it would lose data, which Apache Kafka does not"
    case (.brokerOutage, .commanded): nil
    case (.brokerKill, .commanded(let commands)):
      commands.count > 1 ? nil : "there is no other broker; it is ended by the outages"
    case (_, .foreign):
      "the brokers are not the soak's own; --broker-kill and --broker-start say how to end and start them"
    }
  }
}
