import Foundation
import NIOHTTP1

/// A status code with its reason, as in `.notFound`.
public typealias HTTPStatus = HTTPResponseStatus

/// One request, as far as a responder needs it. Bodies are refused before it comes here.
public struct HTTPRequest: Sendable {
  /// The path without its query, still percent-encoded.
  public var path: String
  /// Fields of the query, decoded; of a repeated name the last counts.
  public var query: [String: String]
  /// All values of each name, in their order.
  public var queryValues: [String: [String]]
  public var headers: HTTPHeaders

  /// Splits a request target; nil when it is no path or holds bytes that are not UTF-8 once decoded.
  init?(target: String, headers: HTTPHeaders) {
    guard target.utf8.first == UInt8(ascii: "/") else { return nil }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    query = [:]
    queryValues = [:]
    self.headers = headers
    guard parts.count == 2 else { return }
    for field in parts[1].split(separator: "&") {
      let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(pair[0]),
        let value = Self.decoded(pair.count > 1 ? pair[1] : "")
      else { return nil }
      query[name] = value
      queryValues[name, default: []].append(value)
    }
  }

  /// Text with its percent escapes and plus signs resolved; nil when they are none or not UTF-8.
  static func decoded(_ text: Substring) -> String? {
    String(text).replacing("+", with: " ").removingPercentEncoding
  }

  /// The one path segment that follows a prefix, decoded; nil when there is none or more.
  public func segment(after prefix: String) -> String? {
    guard path.hasPrefix(prefix) else { return nil }
    let rest = path.dropFirst(prefix.count)
    guard !rest.isEmpty, !rest.contains("/") else { return nil }
    return String(rest).removingPercentEncoding
  }
}

/// What a request is answered with.
public struct HTTPResponse: Sendable {
  public enum Body: Sendable {
    case bytes([UInt8])
    /// Server-sent events, until either side ends them.
    case events
  }

  public var status: HTTPStatus
  public var contentType: String
  public var body: Body
  public var headers: HTTPHeaders = [:]

  public init(
    _ status: HTTPStatus = .ok, contentType: String, body: Body, headers: HTTPHeaders = [:]
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.headers = headers
  }

  public static func text(_ status: HTTPStatus, _ text: String) -> HTTPResponse {
    HTTPResponse(
      status, contentType: "text/plain; charset=utf-8", body: .bytes(Array((text + "\n").utf8)))
  }

  public static func json(_ bytes: [UInt8], status: HTTPStatus = .ok) -> HTTPResponse {
    HTTPResponse(status, contentType: "application/json", body: .bytes(bytes))
  }
}

/// Answers requests. Called on several threads at once.
public protocol HTTPResponder: Sendable {
  func respond(to request: HTTPRequest) -> HTTPResponse
  /// Whether what is at a path holds no data, so that it needs no token.
  func isPublic(_ path: String) -> Bool
}
