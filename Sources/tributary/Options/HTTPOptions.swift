import ArgumentParser
import Foundation
import Service

/// Who may ask a command that listens.
struct HTTPOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "File of the tokens that requests for data need: one a line, or a name, a blank and a token. Default: "
        + "TRIBUTARY_HTTP_TOKEN, if set.", valueName: "file"))
  var tokenFile: String?

  @Option(
    help: ArgumentHelp(
      "Another name that clients may call this server by, as in dashboard.example.com; .example.com stands for all "
        + "names that end so. May be repeated.", valueName: "name"))
  var allowHost: [String] = []

  /// Not a setting of the configuration; with `_FILE` behind it, the path of a file that holds tokens.
  private static let tokenVariable = "TRIBUTARY_HTTP_TOKEN"

  func validate() throws {
    for name in allowHost where name.isEmpty || name.contains(where: { ":/ ".contains($0) }) {
      throw ValidationError(
        "--allow-host takes a name without port, as in dashboard.example.com, not \(name).")
    }
  }

  /// The settings of a server at this address.
  func settings(host: String, port: Int) throws -> HTTPServer.Settings {
    var http = HTTPServer.Settings()
    http.host = host
    http.port = port
    http.allowedHosts = allowHost
    http.tokens = try TokenFile.tokens(
      file: tokenFile, variable: Self.tokenVariable,
      environment: ProcessInfo.processInfo.environment)
    return http
  }

  /// `HOST:PORT`, `[::1]:PORT`, or a port of this machine only; nil for anything else.
  static func address(_ text: String) -> (host: String, port: Int)? {
    guard let colon = text.lastIndex(of: ":") else {
      return port(text[...]).map { ("127.0.0.1", $0) }
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, let port = port(text[text.index(after: colon)...]) else { return nil }
    return (String(host), port)
  }

  private static func port(_ text: Substring) -> Int? {
    guard text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    return Int(text).flatMap { (0...65_535).contains($0) ? $0 : nil }
  }
}
