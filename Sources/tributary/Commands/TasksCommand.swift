import ArgumentParser
import Cluster
import Pipeline

struct TasksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tasks",
    abstract: "Show every task: its owner, its partitions, its state and its watermark.",
    discussion: """
      The owner is the member of the consumer group that has the task's partitions; one with an instance_id keeps them \
      until its session times out. State and watermark are those of the task's last commit. The command joins no group \
      and asks no process.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let plan = try Preflight(settings, logger: logger).plan()
    let reader = try StandingReader(settings, plan: plan, logger: logger)
    defer { reader.close() }
    let printout = TasksPrintout(groups: try reader.groups(), tasks: try reader.tasks())
    try StandardOutput.print(json ? printout.json : printout.text)
  }
}
