import ArgumentParser

@main
struct Tributary: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tributary", abstract: "Exactly-once ad attribution for Kafka.")
}
