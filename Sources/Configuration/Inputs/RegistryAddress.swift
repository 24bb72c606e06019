/// Where a schema registry answers, and as whom to ask it.
public struct RegistryAddress: Sendable, Equatable {
  /// Scheme, host, port and path, without a slash at its end and without a password.
  public var url: String
  /// As it stands before the `@`, percent-decoded; nil for none.
  public var user: String?
  public var password: String?

  /// - Parameter text: `http(s)://user:password@host:port/path`. Nil when it is something else.
  public init?(_ text: String) {
    guard let scheme = ["http://", "https://"].first(where: text.lowercased().hasPrefix) else {
      return nil
    }
    var rest = text.dropFirst(scheme.count)
    while rest.last == "/" { rest.removeLast() }
    let authorityEnd = rest.firstIndex(of: "/") ?? rest.endIndex
    if let at = rest[..<authorityEnd].lastIndex(of: "@") {
      let account = rest[..<at]
      let colon = account.firstIndex(of: ":") ?? account.endIndex
      guard let user = account[..<colon].percentDecoded(),
        let password = account[colon...].dropFirst().percentDecoded()
      else { return nil }
      self.user = user
      self.password = colon == account.endIndex ? nil : password
      rest = rest[rest.index(after: at)...]
    }
    let authority = rest.prefix { $0 != "/" }
    guard !authority.isEmpty, brokerFault(authority) == nil,
      !rest.contains(where: { $0.isWhitespace || "?#".contains($0) })
    else { return nil }
    url = scheme + rest
  }

  /// With the password masked, if there is one.
  public var masked: String {
    guard let user else { return url }
    let end = url.firstRange(of: "://")!.upperBound
    let secret = password == nil ? "" : ":" + Configuration.mask
    return url[..<end] + user.percentEncoded() + secret + "@" + url[end...]
  }
}

extension StringProtocol {
  /// The text with `%41` read as `A`; nil where that is no text.
  fileprivate func percentDecoded() -> String? {
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest.removeFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  fileprivate func percentEncoded() -> String {
    utf8.map { byte in
      if isUnreserved(byte) { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }
}
