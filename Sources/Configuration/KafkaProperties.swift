import Attribution

// librdkafka properties: which of them are the program's own, and which hold secrets.

extension Configuration {
  /// Whether the value of a librdkafka property must not be shown: passwords, secrets, tokens,
  /// everything about SASL, and private keys.
  public static func isSecret(kafkaProperty name: String) -> Bool {
    let name = name.lowercased()
    return ["password", "secret", "token", "credential"].contains(where: name.contains)
      || name.hasPrefix("sasl.") || name.hasPrefix("ssl.key") || name.hasPrefix("ssl_key")
  }

  /// What stands in place of a secret value.
  static let mask = "********"
}

/// Properties that decide whether the output is exactly once, or that have a setting of their own,
/// with what to do instead of setting them.
let ownedKafkaProperties: [String: String] = [
  "bootstrap.servers": "set bootstrap_servers instead",
  "metadata.broker.list": "set bootstrap_servers instead",
  "group.id": "it follows from application_id",
  "group.instance.id": "set instance_id instead",
  "group.protocol": "tasks need the classic protocol and its range assignor",
  "group.remote.assignor": "tasks need the classic protocol and its range assignor",
  "partition.assignment.strategy":
    "tasks need the range assignor, which keeps one user's partitions together",
  "transactional.id": "it follows from application_id and instance_id",
  "enable.idempotence": "transactions need it on",
  "acks": "transactions need acks=all",
  "request.required.acks": "transactions need acks=all",
  "partitioner": "a key must stay in its partition for as long as its topic lives",
  "enable.auto.commit": "offsets are committed inside the transactions",
  "auto.commit.enable": "offsets are committed inside the transactions",
  "auto.commit.interval.ms": "set commit_interval instead",
  "enable.auto.offset.store": "offsets are committed inside the transactions",
  "auto.offset.reset": "inputs without a committed offset are read from their beginning",
  "isolation.level": "only committed records may be read",
  "enable.partition.eof": "the program needs to see the end of each partition",
]

/// No transaction may block readers for longer than this.
let longestTransaction: Milliseconds = 15_000

/// The names librdkafka knows the delivery timeout by.
let deliveryTimeoutNames = ["message.timeout.ms", "delivery.timeout.ms"]

/// Whether `name` has the form of librdkafka's property names.
func isKafkaPropertyName(_ name: String) -> Bool {
  name.wholeMatch(of: /[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*/) != nil
}
