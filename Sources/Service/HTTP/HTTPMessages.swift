import Foundation
import HTTPTypes

/// A status code with its reason, as in `.notFound`.
public typealias HTTPStatus = HTTPTypes.HTTPResponse.Status
/// Header fields by name, as in `[.cacheControl: "no-store"]`.
public typealias HTTPHeaders = HTTPTypes.HTTPFields
/// The name of a header field; nil for text that cannot be one.
public typealias HTTPHeaderName = HTTPTypes.HTTPField.Name

/// One request, as far as a responder needs it. Bodies are refused before it comes here.
public struct HTTPRequest: Sendable {
  /// The path without its query and the server's base path, still percent-encoded.
  public var path: String
  /// The query as it came; empty where there is none.
  public var rawQuery: String
  /// Fields of the query, decoded; of a repeated name the last counts.
  public var query: [String: String]
  /// All values of each name, in their order.
  public var queryValues: [String: [String]]
  public var headers: HTTPHeaders
  /// Whose token it brought; nil where none is asked for.
  public var tokenName: String?
  /// How long its answer is wanted.
  public var work: RequestWork

  /// Splits a request target; nil when it is no path or holds bytes that are not UTF-8 once decoded.
  init?(target: String, headers: HTTPHeaders, work: RequestWork = RequestWork()) {
    guard target.utf8.first == UInt8(ascii: "/") else { return nil }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    rawQuery = parts.count == 2 ? String(parts[1]) : ""
    query = [:]
    queryValues = [:]
    self.headers = headers
    self.work = work
    for field in rawQuery.split(separator: "&") {
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

  /// Whether the client has the answer with this tag already.
  public func has(_ tag: EntityTag) -> Bool { tag.isAmong(headers[.ifNoneMatch]) }
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
  public var headers: HTTPHeaders
  /// The body as gzip has it, where that is known beforehand.
  public var compressed: [UInt8]?

  public init(
    _ status: HTTPStatus = .ok, contentType: String, body: Body, headers: HTTPHeaders = [:],
    compressed: [UInt8]? = nil
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.headers = headers
    self.compressed = compressed
  }

  public static func text(_ status: HTTPStatus, _ text: String) -> HTTPResponse {
    HTTPResponse(
      status, contentType: "text/plain; charset=utf-8", body: .bytes(Array((text + "\n").utf8)))
  }

  public static func json(
    _ bytes: [UInt8], status: HTTPStatus = .ok, headers: HTTPHeaders = [:]
  ) -> HTTPResponse {
    HTTPResponse(status, contentType: "application/json", body: .bytes(bytes), headers: headers)
  }
}

/// Answers requests. Called on several threads at once.
public protocol HTTPResponder: Sendable {
  func respond(to request: HTTPRequest) -> HTTPResponse
  /// Whether what is at a path holds no data, so that it needs no token.
  func isPublic(_ path: String) -> Bool
  /// Whose threads answer what is at a path.
  func lane(of path: String) -> HTTPLane
  /// The same sentence in the form that answers at this path have.
  func refusal(_ status: HTTPStatus, _ sentence: String, at path: String) -> HTTPResponse
}

extension HTTPResponder {
  public func lane(of path: String) -> HTTPLane { .query }

  public func refusal(_ status: HTTPStatus, _ sentence: String, at path: String) -> HTTPResponse {
    .text(status, sentence)
  }
}
