import Foundation
import Service

/// The tokens of a server: from a file, or one from the environment.
enum TokenFile {
  private static let leastLength = 16

  /// - Parameters:
  ///   - file: nil for the one that the environment names, if it does.
  ///   - variable: holds a token; with `_FILE` behind it, the path of a file.
  /// - Returns: none where nobody has named any.
  static func tokens(
    file: String?, variable: String, environment: [String: String]
  ) throws -> [AccessToken] {
    guard let file = file ?? environment[variable + "_FILE"] else {
      return try environment[variable].map { [try checked(AccessToken($0), in: variable)] } ?? []
    }
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw Failure("\(file) cannot be read")
    }
    let tokens = try tokens(in: text, of: file)
    guard !tokens.isEmpty else {
      throw Failure("\(file) holds no token; `openssl rand -hex 32` makes one")
    }
    return tokens
  }

  /// A token a line, a name before it or not; empty lines and those that begin with `#` are none.
  private static func tokens(in text: String, of file: String) throws -> [AccessToken] {
    var tokens: [AccessToken] = []
    for (index, line) in text.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      let parts = line.split(whereSeparator: \.isWhitespace)
      guard let last = parts.last, !parts[0].hasPrefix("#") else { continue }
      let place = "\(file):\(index + 1)"
      guard parts.count <= 2 else {
        throw Failure("\(place): more than a name and a token stand in this line")
      }
      let name = parts.count == 2 ? String(parts[0]) : "token"
      guard !tokens.contains(where: { $0.name == name }) else {
        throw Failure("\(place): there are two tokens named \(name); write a name before each")
      }
      tokens.append(try checked(AccessToken(name: name, String(last)), in: place))
    }
    return tokens
  }

  private static func checked(_ token: AccessToken, in place: String) throws -> AccessToken {
    guard token.length >= leastLength else {
      throw Failure(
        "\(place): the token is shorter than \(leastLength) bytes; `openssl rand -hex 32` makes one"
      )
    }
    return token
  }
}
