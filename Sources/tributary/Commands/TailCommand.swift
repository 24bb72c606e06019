import ArgumentParser
import Attribution
import Configuration
import Foundation
import Readers
import Reporting

struct TailCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Show a live table of the rollups in the terminal.",
    discussion: """
      The command reads the committed records of the rollups topic from its beginning, without joining a \
      group. It holds only the windows that it shows; of others it reads no more than the keys. If standard \
      output is not a terminal, it prints the table once.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var tableOptions: TableOptions

  @Flag(help: "Print the current table (with --json, the current records) and exit.")
  var once = false

  @Flag(help: "Print each rollup as a line of JSON when it arrives.")
  var json = false

  func run() throws {
    let settings = try options.load()
    let table = try tableOptions.table(settings.definitions)
    if json {
      return try printRecords(of: tableOptions.view == nil ? nil : table.view, settings)
    }
    if once || !Screen.isAvailable { return try printOnce(table, settings) }
    try showLive(table, settings)
  }

  private func showLive(_ table: LiveTable, _ settings: Configuration) throws {
    let warning = isatty(STDERR_FILENO) == 1 ? LastWarning() : nil
    let feed = try RollupFeed(
      settings, keeping: table.selection, logger: warning?.makeLogger() ?? options.makeLogger())
    defer { feed.close() }
    let screen = Screen()
    let stop = StopFlag()
    let waker = feed.waker
    let signals = StopSignals(
      {
        stop.raise()
        waker()
      }, beforeForcedExit: { screen.leave() })
    try withExtendedLifetime(signals) {
      screen.enter(onResize: waker)
      defer { screen.leave() }
      try LiveDisplay(table, screen: screen, warning: warning).run(feed) { stop.isRaised }
    }
  }

  private func printOnce(_ table: LiveTable, _ settings: Configuration) throws {
    let feed = try RollupFeed(settings, keeping: table.selection, logger: options.makeLogger())
    defer { feed.close() }
    try feed.readToEnd()
    try LiveDisplay(table, screen: nil, warning: nil).show(feed)
  }

  private func printRecords(of view: View?, _ settings: Configuration) throws {
    var settings = settings
    if let view { settings.definitions.views = [view] }
    let stream = try RollupStream(settings, logger: options.makeLogger())
    defer { stream.close() }
    let stop = StopFlag()
    let waker = stream.waker
    let signals = StopSignals {
      stop.raise()
      waker()
    }
    try withExtendedLifetime(signals) {
      var lines: [UInt8] = []
      while !stop.isRaised, !(once && stream.isCaughtUp) {
        let hasNews = try stream.advance { read, json in
          guard case .rollup = read, let json else { return }
          lines += json
          lines.append(UInt8(ascii: "\n"))
        }
        if !lines.isEmpty {
          try lines.withUnsafeBytes { try StandardOutput.write($0) }
          lines.removeAll(keepingCapacity: true)
        }
        if !hasNews { stream.wait(milliseconds: 100) }
      }
    }
  }
}
