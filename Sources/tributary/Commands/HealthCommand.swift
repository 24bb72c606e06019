import ArgumentParser
import Codec
import Foundation
import WebClient

struct HealthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Ask a Tributary on this machine whether it is alive, or ready.",
    discussion: """
      The health check of containers: it asks /livez, or /readyz, of a `run`, `serve` or `ingest` that listens with \
      --http or --port, reads no configuration, needs no token, and prints one line. Exit code 0: yes, 1: no, or no answer.
      """)

  @Option(
    help: ArgumentHelp(
      "Where the process listens, as HOST:PORT; a port alone means localhost.",
      valueName: "host:port"))
  var http = "9090"

  @Flag(help: "Ask whether it is ready instead of alive.")
  var ready = false

  @Option(help: "Seconds to wait for an answer, at most 600.")
  var timeout: Double = 4

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if HTTPOptions.address(http) == nil {
      throw ValidationError("--http takes HOST:PORT or PORT, as in 127.0.0.1:9090, not \(http).")
    }
    if !(timeout > 0 && timeout <= 600) {
      throw ValidationError("--timeout is between 0 and 600 seconds.")
    }
  }

  func run() throws {
    guard let (host, port) = HTTPOptions.address(http) else { return }
    let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    let question = "http://\(place)/\(ready ? "readyz" : "livez")"
    let answer: HTTPAnswer
    do { answer = try ask(question) } catch let failure as HTTPFailure {
      throw Failure("\(question) gives no answer: \(failure)")
    }
    let words = String(decoding: answer.body.prefix(4_096), as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { TerminalText.printable(String($0)) }
      .joined(separator: "; ")
    guard answer.status == 200 else {
      throw Failure("\(question) answers \(answer.status): \(words)")
    }
    try StandardOutput.print(
      json
        ? JSONWriter.object {
          $0.field("asked", question)
          $0.field("status", answer.status)
          $0.field("answer", words)
        } : words)
  }

  private func ask(_ url: String) throws -> HTTPAnswer {
    var limits = HTTPLimits()
    limits.timeout = max(1, Int(timeout * 1_000))
    limits.connectTimeout = limits.timeout
    limits.answerSize = 1 << 20
    let client = try HTTPClient(limits, connections: 1)
    var request = HTTPRequest(url: url)
    request.isDirect = true
    try client.start(request, number: 0)
    while true {
      if let done = client.wait(milliseconds: 100).first { return try done.result.get() }
    }
  }
}
