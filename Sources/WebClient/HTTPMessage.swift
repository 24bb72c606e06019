/// What is asked of a server.
package struct HTTPRequest: Sendable {
  package var url: String
  /// Names and values; values may be secret and are in no error.
  package var headers: [(name: String, value: String)]
  /// What is posted; nil for a GET.
  package var body: [UInt8]?
  /// The method, where neither GET nor POST is meant.
  package var method: String?
  /// Signs the request for AWS; nil for no signature.
  package var signature: HTTPSignature?
  /// Headers of the answer that the caller wants, in lower case.
  package var wantedHeaders: [String] = []
  /// Whether libcurl may unpack an answer that the server has packed. A part of a packed answer cannot be unpacked.
  package var acceptsPacked = true
  /// Whether proxies of the environment are passed by.
  package var isDirect = false

  package init(url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil) {
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// What libcurl signs a request with: AWS Signature Version 4.
package struct HTTPSignature: Sendable {
  package var service: String
  package var region: String
  package var accessKey: String
  package var secret: String

  package init(service: String, region: String, accessKey: String, secret: String) {
    self.service = service
    self.region = region
    self.accessKey = accessKey
    self.secret = secret
  }
}

/// What a server answered.
package struct HTTPAnswer: Sendable {
  package var status: Int
  /// Seconds that `Retry-After` asks to wait, whether it said so in seconds or with a date.
  package var retryAfter: Int64?
  package var body: [UInt8]
  /// Those that the request wanted, by their names in lower case.
  package var headers: [String: String] = [:]
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
