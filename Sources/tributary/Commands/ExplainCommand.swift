import ArgumentParser
import Foundation
import Readers
import Reporting

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explain one conversion: its journey, the credit under every model, its revisions.",
    discussion: """
      The command reads the conversion's records and its user's touches from the topics, and says of each \
      touch why it could or could not earn credit. Exit code 1: no such conversion was accepted.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "The conversion's event_id.")
  var conversionID: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let settings = try options.load()
    let finder = ConversionFinder(settings, logger: options.makeLogger())
    guard let explanation = try finder.explanation(of: conversionID) else {
      throw Failure("no conversion \(TerminalText.printable(conversionID)) was accepted")
    }
    try StandardOutput.print(
      json ? explanation.json : ExplanationPrintout(explanation: explanation).text)
  }
}
