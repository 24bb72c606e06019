import ArgumentParser
import Attribution
import Configuration
import Inputs
import Readers

struct InputsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inputs", abstract: "Try the mapping of inputs on records of the topics.",
    subcommands: [Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show some records next to the events that they become.",
      discussion: """
        Reads records from the end of each input topic, or of --topic, which need not be an input yet. Shows side by \
        side what was found and what it became, why the rest cannot be used, what of the mapping never fits, and for \
        JSON under other names a mapping to begin with. Writes nothing. Exit code 1: a topic has records, and \
        none of them can be used.
        """)

    @OptionGroup var options: GlobalOptions

    @Option(help: "The topic to look at.")
    var topic: String?

    @Option(name: .shortAndLong, help: "How many records to show of each topic.")
    var number = 20

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      if !(1...10_000).contains(number) {
        throw ValidationError("-n takes a number from 1 to 10000.")
      }
    }

    func run() throws {
      let settings = try options.load()
      let logger = options.makeLogger()
      let checks = try InputCheck(settings, logger: logger).run(topic: topic, count: number)
      let printout = InputCheckPrintout(checks)
      try StandardOutput.print(json ? printout.json : printout.text)
      let useless = checks.filter { $0.records > 0 && $0.events == 0 }
      guard useless.isEmpty else {
        let names = useless.map(\.topic).joined(separator: ", ")
        throw Failure("\(names): no record of those looked at can be used; see above")
      }
    }
  }
}
