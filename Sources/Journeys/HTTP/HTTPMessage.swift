/// A POST of JSON.
struct HTTPRequest: Sendable {
  var url: String
  /// Names and values; values may be secret and are in no error.
  var headers: [(name: String, value: String)] = []
  var body: [UInt8] = []
}

/// What a server answered.
struct HTTPAnswer: Sendable {
  var status: Int
  /// Seconds that `Retry-After` asks to wait, whether it said so in seconds or with a date.
  var retryAfter: Int64?
  var body: [UInt8]
}

/// Why there is no answer.
enum HTTPFailure: Error, Equatable, CustomStringConvertible {
  /// The connection was not made, or cut, or nothing came in time: trying again may help.
  case passing(String)
  /// The answer is longer than the limit, in bytes.
  case tooLarge(Int)
  /// The address, the certificate or this library's set-up is wrong.
  case lasting(String)

  var description: String {
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
