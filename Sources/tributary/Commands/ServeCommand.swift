import ArgumentParser
import Codec
import Configuration
import Foundation
import Readers
import Service

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve the dashboard: a live page, a JSON API, health and metrics.",
    discussion: """
      The server reads the rollups topic from its beginning and follows it, without joining a group. \
      Windows older than --since leave memory for a file on disk, and a restart reads only what came since. \
      Everybody who can reach the address can read the data, unless you set a token. Requests for data \
      then need `Authorization: Bearer`, and the page asks for the token. /openapi.json describes the API.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 chooses a free one.")
  var port = 8_080

  @Option(
    help: ArgumentHelp(
      "Path under which a proxy shows the page, as in /tributary.", valueName: "path"))
  var basePath = ""

  @OptionGroup var http: HTTPOptions
  @OptionGroup var history: HistoryOptions

  @Flag(help: "Print the address as JSON.")
  var json = false

  func validate() throws {
    if !(0...65_535).contains(port) { throw ValidationError("--port must be from 0 to 65535.") }
    guard basePath.isEmpty || basePath.wholeMatch(of: #/(/[A-Za-z0-9._~-]+)+/#) != nil else {
      throw ValidationError(
        "--base-path begins with a slash, ends without one, and has letters, digits and -._~ between, as in "
          + "/tributary, not \(basePath).")
    }
  }

  func run() throws {
    var http = try http.settings(host: host, port: port)
    http.basePath = basePath
    let settings = try options.load()
    let logger = options.makeLogger()
    let metrics = Metrics()
    BuildInfo.set(metrics, command: "serve")
    let run = try ServeRun(
      settings, http, history: history.history, metrics: metrics, logger: logger)
    let signals = StopSignals { run.stop() }
    try withExtendedLifetime(signals) {
      let address = try run.start()
      try StandardOutput.print(
        json ? JSONWriter.object { $0.field("address", address) } : "the dashboard is at \(address)"
      )
      try run.follow()
    }
  }
}
