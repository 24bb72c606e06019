import ArgumentParser
import Attribution
import Cluster
import Configuration
import Foundation
import Kafka
import Logging
import Verification

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Recompute everything from the input topics by brute force, and compare.",
    discussion: """
      The command reads the inputs up to the processor's committed offsets. It compares every rollup, \
      attribution, dead letter and late event, and the sums that must agree. Exit code 0: no difference. \
      Stop the traffic or the processor first, because transactions in progress look like differences.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Read the inputs to their end, whether processed or not.")
  var all = false

  @Option(help: "How long to wait until processed events are published, as a duration.")
  var wait = "30s"

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let settings = try options.load()
    let logger = options.makeLogger()
    let timeout: Milliseconds
    do { timeout = try DurationText.parse(wait) } catch {
      throw ValidationError("--wait: \(error)")
    }
    let plan = try Preflight(settings, logger: logger).plan()
    let verifier = try Verifier(settings, plan: plan, logger: logger)
    defer { verifier.close() }
    let began = ContinuousClock.now
    var progress: ProgressBar?
    defer { progress?.end() }
    let report = try verifier.run(expectsAll: all, timeout: .milliseconds(timeout)) {
      let shown = progress ?? ProgressBar(total: $1, unit: "records")
      progress = shown
      shown.show($0)
    }
    progress?.end()
    let seconds = began.duration(to: .now) / .seconds(1)
    let printout = VerificationPrintout(
      report, currency: settings.definitions.currency, seconds: seconds)
    try StandardOutput.print(json ? printout.json : printout.text)
    if !report.differences.agrees { throw ExitCode(1) }
  }
}
