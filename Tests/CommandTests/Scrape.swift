import Foundation
import TestServers

/// Asks a process over HTTP, as a load balancer or Prometheus would.
struct Scrape {
  /// As in `http://127.0.0.1:9090`.
  let address: String
  var token: String?

  struct Answer {
    var status: Int
    var body: String
  }

  func get(_ path: String) throws -> Answer {
    var arguments = ["-sS", "-m", "10", "-w", "\n%{http_code}", address + path]
    if let token { arguments += ["-H", "Authorization: Bearer \(token)"] }
    let output = try runTool("curl", arguments)
    guard let line = output.lastIndex(of: "\n"),
      let status = Int(output[output.index(after: line)...])
    else { throw ToolFailure(description: "curl: \(output)") }
    return Answer(status: status, body: String(output[..<line]))
  }

  /// The samples of `/metrics` by name and labels, as they stand there.
  func metrics() throws -> [String: Double] {
    var samples: [String: Double] = [:]
    for line in try get("/metrics").body.split(separator: "\n") where !line.hasPrefix("#") {
      guard let blank = line.lastIndex(of: " "),
        let value = Double(line[line.index(after: blank)...])
      else { throw ToolFailure(description: "not a sample: \(line)") }
      samples[String(line[..<blank])] = value
    }
    return samples
  }

  /// The names of all metrics that `/metrics` defines, with values or without.
  func families() throws -> Set<String> {
    Set(
      try get("/metrics").body.matches(of: #/# TYPE ([a-z_]+) /#).map { String($0.output.1) })
  }

  /// Where a process says in a file that it is, without the slash at the end.
  static func address(in folder: TemporaryFolder, _ file: String) throws -> String {
    for _ in 0..<400 {
      if let match = folder.text(file).firstMatch(of: #/(http://\S+?)/["\s]/#) {
        return String(match.output.1)
      }
      usleep(50_000)
    }
    throw ToolFailure(description: "no address in \(file): \(folder.text(file))")
  }
}

extension [String: Double] {
  /// The sum of all samples of a metric whose labels hold these texts.
  func sum(_ name: String, _ labels: String...) -> Double {
    filter { sample in
      (sample.key == name || sample.key.hasPrefix(name + "{"))
        && labels.allSatisfy { sample.key.contains($0) }
    }.values.reduce(0, +)
  }
}
