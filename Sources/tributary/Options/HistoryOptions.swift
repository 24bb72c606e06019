import ArgumentParser
import Attribution
import Configuration
import Foundation
import Readers

/// What `serve` holds in memory, and where the rest is.
struct HistoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keep windows this far behind the watermark in memory, older ones on disk; all keeps everything in memory.",
      valueName: "duration"))
  var since = "35d"

  @Option(
    help: ArgumentHelp(
      "Folder of the history on disk. Default: STATE_DIRECTORY, XDG_STATE_HOME/tributary, ~/.local/state/tributary "
        + "or /var/lib/tributary.", valueName: "folder"))
  var historyDir: String?

  func validate() throws {
    do {
      if try duration == 0 {
        throw ValidationError(
          "--since \(since) would keep nothing in memory; name a duration such as 35d, or all.")
      }
    } catch let error as DurationText.Invalid {
      throw ValidationError("--since \(since): \(error)")
    }
    if historyDir != nil, since == "all" {
      throw ValidationError("--since all keeps no history on disk; leave out --history-dir.")
    }
  }

  /// Nil for everything.
  private var duration: Milliseconds? {
    get throws { since == "all" ? nil : try DurationText.parse(since) }
  }

  var history: ServeHistory? {
    get throws {
      try duration.map {
        ServeHistory(
          since: $0, folder: historyDir,
          candidates: HistoryFolder.candidates(ProcessInfo.processInfo.environment))
      }
    }
  }
}
