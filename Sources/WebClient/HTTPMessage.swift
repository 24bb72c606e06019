/// What is asked of a server.
package struct HTTPRequest: Sendable {
  package var url: String
  /// Names and values; values may be secret and are in no error.
  package var headers: [(name: String, value: String)]
  /// What is posted; nil for a GET.
  package var body: [UInt8]?

  package init(url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil) {
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// What a server answered.
package struct HTTPAnswer: Sendable {
  package var status: Int
  /// Seconds that `Retry-After` asks to wait, whether it said so in seconds or with a date.
  package var retryAfter: Int64?
  package var body: [UInt8]
}

/// Why there is no answer.
package enum HTTPFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The connection was not made, or cut, or nothing came in time: trying again may help.
  case passing(String)
  /// The answer is longer than the limit, in bytes.
  case tooLarge(Int)
  /// The address, the certificate or this library's set-up is wrong.
  case lasting(String)

  package var description: String {
    switch self {
    case .passing(let reason), .lasting(let reason): reason
    case .tooLarge(let limit): "the answer is larger than \(limit >> 20) MiB"
    }
  }
}

/// Limits of one request.
package struct HTTPLimits: Sendable {
  /// Milliseconds to make the connection in.
  package var connectTimeout = 10_000
  /// Milliseconds for all of a request.
  package var timeout = 60_000
  /// Bytes of an answer.
  package var answerSize = 16 << 20
  /// A file of certificates to trust instead of the system's.
  package var authorities: String?

  package init() {}
}
