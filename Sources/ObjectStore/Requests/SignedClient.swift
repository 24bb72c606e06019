import Files
import WebClient

/// A request to a service of AWS, or to one that speaks like it.
struct SignedCall: Sendable {
  /// `s3` or `sqs`.
  var service: String
  var region: String
  /// Scheme, host and port.
  var origin: String
  /// Encoded.
  var path = "/"
  var query: [(name: String, value: String)] = []
  var headers: [(name: String, value: String)] = []
  var method: String?
  var body: [UInt8]?
  var wantedHeaders: [String] = []
}

/// Signs requests and sends them, for any thread.
final class SignedClient: Sendable {
  let web: HTTPQueue
  let credentials: CredentialProvider

  init(_ web: HTTPQueue, _ credentials: CredentialProvider) {
    self.web = web
    self.credentials = credentials
  }

  /// Begins a request. Throws what `CredentialProvider/current()` throws.
  ///
  /// libcurl 7.88 signs paths and queries as they stand in the URL, so they are canonical here, and leaves it to the
  /// caller to tell S3 the digest of the body.
  func start(
    _ call: SignedCall, onDone: @escaping @Sendable () -> Void = {}
  ) throws -> PendingHTTPAnswer {
    let key = try credentials.current()
    var url = call.origin + call.path
    if !call.query.isEmpty { url += "?" + QueryText.canonical(call.query) }
    var request = HTTPRequest(url: url, headers: call.headers, body: call.body)
    request.method = call.method
    request.wantedHeaders = call.wantedHeaders
    request.acceptsPacked = false
    if call.service == "s3" {
      request.headers.append(("x-amz-content-sha256", SignedClient.digest(call.body ?? [])))
    }
    if let token = key.sessionToken { request.headers.append(("X-Amz-Security-Token", token)) }
    request.signature = HTTPSignature(
      service: call.service, region: call.region, accessKey: key.accessKey, secret: key.secret)
    return web.start(request, onDone: onDone)
  }

  private static func digest(_ bytes: [UInt8]) -> String {
    let hash = SHA256()
    bytes.withUnsafeBytes { hash.add($0) }
    return hash.finish().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
