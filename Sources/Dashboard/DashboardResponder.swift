import Attribution
import Reporting
import Service

/// The dashboard: its page, its API, health and metrics.
public struct DashboardResponder: HTTPResponder {
  private let api: DashboardAPI
  private let endpoints: ServiceEndpoints
  private let metrics: Metrics

  /// - Parameters:
  ///   - conversions: nil where journeys cannot be looked up.
  ///   - now: the time of day, in milliseconds since the epoch.
  public init(
    _ live: LiveBoard, conversions: (any ConversionSource)?, health: any HealthSource,
    metrics: Metrics, now: @escaping @Sendable () -> Milliseconds
  ) {
    api = DashboardAPI(live: live, conversions: conversions, now: now)
    endpoints = ServiceEndpoints(health, metrics)
    self.metrics = metrics
    metrics.define(
      "tributary_http_requests_total", .counter, help: "Requests by route and status.")
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
    return response
  }

  /// The page itself holds no data; it asks for the token.
  public func isPublic(_ path: String) -> Bool {
    PageFile.named(path) != nil || path.hasPrefix("/conversions/") || endpoints.isPublic(path)
  }

  /// The route's name is one of a few, whatever a client asks for.
  private func dispatch(_ request: HTTPRequest) -> (String, HTTPResponse) {
    if let file = PageFile.named(request.path) { return ("page", file.response) }
    switch request.path {
    case "/livez", "/readyz", "/statusz", "/metrics":
      return (request.path, endpoints.respond(to: request))
    case "/api/events":
      return (
        request.path, HTTPResponse(contentType: "text/event-stream", body: .events)
      )
    case "/api/summary", "/api/rollups": return (request.path, api.respond(to: request))
    default:
      if request.path.hasPrefix("/api/conversions/") {
        return ("/api/conversions/{id}", api.respond(to: request))
      }
      // One page for all: its script reads the address.
      if request.segment(after: "/conversions/") != nil, let page = PageFile.named("/") {
        return ("page", page.response)
      }
      return ("other", DashboardAPI.failure(.notFound, "there is no such resource"))
    }
  }
}
