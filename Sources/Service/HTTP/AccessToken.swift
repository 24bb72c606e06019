/// A secret that opens the data, and whose it is.
public struct AccessToken: Sendable, CustomStringConvertible {
  /// Whom it was given to; told in messages, where the secret never is.
  public let name: String
  let secret: [UInt8]

  /// - Parameter secret: taken without blanks around it.
  public init(name: String = "token", _ secret: String) {
    self.name = name
    self.secret = Array(secret[...].trimmed.utf8)
  }

  public var description: String { name }

  /// Bytes of the secret.
  public var length: Int { secret.count }

  /// Compares in a time that does not tell how much of it agrees.
  func equals(_ given: [UInt8]) -> Bool {
    var difference = given.count ^ secret.count
    for index in given.indices {
      difference |= Int(given[index] ^ secret[index % max(secret.count, 1)])
    }
    return difference == 0 && !secret.isEmpty
  }
}

extension [AccessToken] {
  /// The name of the token with this secret; nil for none. All are compared, whichever agrees.
  func name(ofSecret given: String) -> String? {
    let given = [UInt8](given.utf8)
    var found: String?
    for token in self {
      let isEqual = token.equals(given)
      found = isEqual ? token.name : found
    }
    return found
  }
}

extension Substring {
  /// Without blanks, tabs and line ends around it.
  var trimmed: String {
    func isBlank(_ character: Character) -> Bool { character.isWhitespace }
    let rest = drop(while: isBlank)
    let end = rest.lastIndex { !isBlank($0) }.map(rest.index(after:)) ?? rest.startIndex
    return String(rest[..<end])
  }
}
