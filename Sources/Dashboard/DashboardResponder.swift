import Attribution
import Reporting
import Service

/// The dashboard: its page, its API, health and metrics.
public struct DashboardResponder: HTTPResponder {
  private let api: DashboardAPI
  private let page: PageFiles
  private let endpoints: ServiceEndpoints
  private let metrics: Metrics

  /// - Parameters:
  ///   - conversions: nil where journeys cannot be looked up.
  ///   - newest: the conversions that are listed; nil where attributions are not read.
  ///   - basePath: what stands before the page's address, as in `/tributary`.
  ///   - now: the time of day, in milliseconds since the epoch.
  public init(
    _ live: LiveBoard, conversions: (any ConversionSource)?, newest: LiveConversions? = nil,
    health: any HealthSource, metrics: Metrics, basePath: String = "",
    now: @escaping @Sendable () -> Milliseconds
  ) {
    page = PageFiles(basePath: basePath)
    api = DashboardAPI(live: live, conversions: conversions, newest: newest, now: now)
    endpoints = ServiceEndpoints(health, metrics)
    self.metrics = metrics
    metrics.define(
      "tributary_http_requests_total", .counter, help: "Requests by route and status.")
    metrics.define(
      "tributary_http_token_requests_total", .counter,
      help: "Requests by the name of the token that they brought.")
    metrics.define(
      "tributary_http_request_duration_seconds", .histogram,
      help: "Time to answer a request, by route.",
      bounds: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1])
  }

  /// How far the numbers have come, as one line of JSON: what event streams carry.
  public func status() -> [UInt8] { api.status() }

  public func respond(to request: HTTPRequest) -> HTTPResponse {
    let began = ContinuousClock.now
    let (route, response) = dispatch(request)
    metrics.observe(
      began.duration(to: .now) / .seconds(1), in: "tributary_http_request_duration_seconds",
      ["route": route])
    metrics.add(
      to: "tributary_http_requests_total",
      ["route": route, "status": "\(response.status.code)"])
    if let token = request.tokenName {
      metrics.add(to: "tributary_http_token_requests_total", ["token": token])
    }
    return response
  }

  /// The page itself holds no data; it asks for the token.
  public func isPublic(_ path: String) -> Bool {
    page.file(at: path) != nil || path.hasPrefix("/conversions/") || endpoints.isPublic(path)
  }

  public func lane(of path: String) -> HTTPLane {
    switch path {
    case "/api/summary", "/api/rollups", "/api/rollups.csv", "/api/conversions", "/api/paths":
      .query
    case "/api/status": .probe
    case "/livez", "/readyz", "/statusz", "/metrics": endpoints.lane(of: path)
    default: path.hasPrefix("/api/conversions/") ? .search : .immediate
    }
  }

  public func refusal(_ status: HTTPStatus, _ sentence: String, at path: String) -> HTTPResponse {
    path.hasPrefix("/api/") ? DashboardAPI.failure(status, sentence) : .text(status, sentence)
  }

  /// The route's name is one of a few, whatever a client asks for.
  private func dispatch(_ request: HTTPRequest) -> (String, HTTPResponse) {
    if let file = page.file(at: request.path) { return ("page", file) }
    switch request.path {
    case "/livez", "/readyz", "/statusz", "/metrics":
      return (request.path, endpoints.respond(to: request))
    case "/api/events":
      return (request.path, Self.events)
    case "/api/status", "/api/summary", "/api/rollups", "/api/rollups.csv", "/api/conversions",
      "/api/paths":
      return (request.path, api.respond(to: request))
    default:
      if request.path.hasPrefix("/api/conversions/") {
        return ("/api/conversions/{id}", api.respond(to: request))
      }
      // One page for all: its script reads the address.
      if request.segment(after: "/conversions/") != nil, let file = page.file(at: "/") {
        return ("page", file)
      }
      return ("other", DashboardAPI.failure(.notFound, "there is no such resource"))
    }
  }

  /// nginx would otherwise keep events back until it has a page of them.
  private static let events = HTTPResponse(
    contentType: "text/event-stream", body: .events,
    headers: [
      .cacheControl: "no-store, no-transform", HTTPHeaderName("X-Accel-Buffering")!: "no",
    ])
}
