/// Which names a server answers to.
///
/// A page from elsewhere whose name has been pointed here (DNS rebinding) brings its own name, and its scripts could
/// read all that needs no token. Numeric addresses and names without a dot cannot be had for that.
struct HostCheck: Sendable {
  private static let ownNames: Set = ["localhost", "127.0.0.1", "::1"]

  private let allowed: [String]
  private let isLocal: Bool
  private let isNeeded: Bool

  init(_ settings: HTTPServer.Settings) {
    allowed = settings.allowedHosts.map { $0.lowercased() }
    isLocal = Self.ownNames.contains(settings.host)
    // Beyond this machine a token keeps others' pages out, whatever they call the server.
    isNeeded = isLocal || settings.tokens.isEmpty || !allowed.isEmpty
  }

  /// - Parameter host: the value of `Host`.
  func accepts(_ host: String) -> Bool {
    guard isNeeded else { return true }
    guard let name = Self.name(of: host.lowercased()) else { return false }
    if Self.ownNames.contains(name) { return true }
    if allowed.contains(where: { $0.hasPrefix(".") ? name.hasSuffix($0) : name == $0 }) {
      return true
    }
    return !isLocal && (Self.isNumeric(name) || !name.contains("."))
  }

  /// The name without its port and brackets; nil for none.
  private static func name(of host: String) -> String? {
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return nil }
      return String(host[host.index(after: host.startIndex)..<end])
    }
    var name = Substring(host)
    if let colon = name.lastIndex(of: ":") { name = name[..<colon] }
    return name.isEmpty ? nil : String(name)
  }

  private static func isNumeric(_ name: String) -> Bool {
    if name.contains(":") { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}
