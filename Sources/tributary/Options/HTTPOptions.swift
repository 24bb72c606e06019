import Foundation

/// Where a command listens, and the token that it asks for.
enum HTTPOptions {
  /// Not a setting of the configuration; with `_FILE` behind it, the path of a file that holds the token.
  private static let tokenVariable = "TRIBUTARY_HTTP_TOKEN"

  /// The first line of a file, or else the environment's; nil for none.
  static func token(file: String?) throws -> String? {
    let environment = ProcessInfo.processInfo.environment
    var token = environment[tokenVariable]
    if let file = file ?? environment[tokenVariable + "_FILE"] {
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        throw Failure("\(file) cannot be read")
      }
      token = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }
    guard let token = token?.trimmingCharacters(in: .whitespaces) else { return nil }
    guard token.utf8.count >= 16 else {
      throw Failure("the token is shorter than 16 bytes; `openssl rand -hex 32` makes one")
    }
    return token
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
