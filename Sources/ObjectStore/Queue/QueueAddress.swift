/// A queue's URL, and where it is asked.
public struct QueueAddress: Sendable, Equatable {
  let url: String
  let origin: String
  /// That of AWS' hosts; nil for others.
  let region: String?

  var isFIFO: Bool { url.hasSuffix(".fifo") }

  /// nil for what is no URL of a queue.
  public init?(_ url: String) {
    guard let address = WebAddress(url), address.path.count > 1, !address.path.hasSuffix("/") else {
      return nil
    }
    self.url = url
    origin = address.origin
    let host = address.host
    let match =
      host.wholeMatch(of: /sqs(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)(?:\.cn)?/)
      ?? host.wholeMatch(of: /([a-z0-9-]+)\.queue\.amazonaws\.com/)
    region = match.map { String($0.1) }
  }

  /// For logs.
  public var name: String { url.split(separator: "/").last.map(String.init) ?? url }
}
