import HTTPTypes
import HummingbirdCore
import NIOCore

/// Takes a request to whoever answers it, and the answer back in the form that all answers have.
struct RequestDispatcher: Sendable {
  let settings: HTTPServer.Settings
  let responder: any HTTPResponder
  let admission: Admission
  let hub: EventHub
  let pools: [HTTPLane: WorkPool]
  private let date = HTTPDate()

  init(
    _ settings: HTTPServer.Settings, _ responder: any HTTPResponder, _ hub: EventHub,
    _ pools: [HTTPLane: WorkPool]
  ) {
    self.settings = settings
    self.responder = responder
    self.hub = hub
    self.pools = pools
    admission = Admission(settings)
  }

  func answer(
    _ request: Request, of client: ClientConnection, on loop: any EventLoop,
    with writer: consuming ResponseWriter
  ) async throws {
    let response = try await response(to: request, of: client, on: loop)
    client.answered()
    var head = HTTPTypes.HTTPResponse(status: response.status, headerFields: response.headers)
    head.headerFields[.date] = date.text
    let isHead = request.method == .head
    switch response.body {
    case .events where isHead || response.status != .ok:
      head.headerFields[.contentLength] = "0"
      try await writer.writeResponse(head)
    case .events: try await stream(head, to: client, with: writer)
    case .bytes(let bytes):
      if response.status != .notModified { head.headerFields[.contentLength] = "\(bytes.count)" }
      if isHead || bytes.isEmpty {
        try await writer.writeResponse(head)
      } else {
        try await writer.write(
          response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
      }
    }
  }

  private func response(
    to request: Request, of client: ClientConnection, on loop: any EventLoop
  ) async throws -> HTTPResponse {
    guard request.method == .get || request.method == .head else {
      var response = HTTPResponse.text(.methodNotAllowed, "only GET and HEAD")
      response.headers[.allow] = "GET, HEAD"
      return ResponseForm.complete(response, to: nil)
    }
    guard let target = path(of: request.head.path ?? "") else {
      return ResponseForm.complete(.text(.notFound, "not found"), to: nil)
    }
    let lane = responder.lane(of: String(target.prefix { $0 != "?" }))
    let limit = Duration.seconds(lane == .search ? settings.searchSeconds : settings.querySeconds)
    let work = RequestWork(limit: limit)
    guard var own = HTTPRequest(target: target, headers: request.headers, work: work) else {
      return ResponseForm.complete(
        .text(.badRequest, "the address holds escapes that are none"), to: nil)
    }
    let host = request.head.authority ?? ""
    switch admission.verdict(
      on: own, host: host, from: client.address, isPublic: responder.isPublic(own.path))
    {
    case .admitted(let token): own.tokenName = token
    case .refused(let refusal): return ResponseForm.complete(refusal, to: nil)
    }
    return try await response(to: own, lane, limit, of: client, on: loop)
  }

  private func response(
    to own: HTTPRequest, _ lane: HTTPLane, _ limit: Duration, of client: ClientConnection,
    on loop: any EventLoop
  ) async throws -> HTTPResponse {
    guard lane != .immediate, let pool = pools[lane] else {
      return ResponseForm.complete(responder.respond(to: own), to: own)
    }
    client.whenClientLeaves { own.work.cancel() }
    let outcome = try await pool.run(
      own.work, on: loop, deadline: TimeAmount(limit)
    ) { [responder] in ResponseForm.complete(responder.respond(to: own), to: own) }.get()
    return response(to: own, outcome, limit)
  }

  private func response(
    to request: HTTPRequest, _ outcome: WorkPool.Outcome, _ limit: Duration
  ) -> HTTPResponse {
    let seconds = limit.components.seconds
    let (status, sentence): (HTTPStatus, String)
    switch outcome {
    case .answered(let response): return response
    case .full:
      (status, sentence) = (
        .serviceUnavailable, "too many questions wait already; ask again in a few seconds"
      )
    case .waitedTooLong:
      (status, sentence) = (
        .serviceUnavailable,
        "other questions took all of the \(seconds) s that this one may take; ask again later"
      )
    case .tookTooLong:
      (status, sentence) = (
        .gatewayTimeout,
        "not answered within \(seconds) s; ask for a shorter range or fewer groups, or later"
      )
    }
    var response = responder.refusal(status, sentence, at: request.path)
    if status == .serviceUnavailable { response.headers[.retryAfter] = "2" }
    return ResponseForm.complete(response, to: nil)
  }

  /// The target without the base path, which requests may leave out: some proxies take it away. Nil for what is
  /// neither.
  private func path(of target: String) -> String? {
    let base = settings.basePath
    guard !base.isEmpty, target.hasPrefix(base) else { return target }
    let rest = target.dropFirst(base.count)
    if rest.isEmpty || rest.first == "?" { return "/" + rest }
    return rest.first == "/" ? String(rest) : target
  }

  private func stream(
    _ head: HTTPTypes.HTTPResponse, to client: ClientConnection,
    with writer: consuming ResponseWriter
  ) async throws {
    guard let listener = hub.subscribe(limit: settings.eventStreamLimit) else {
      var head = head
      head.status = .serviceUnavailable
      head.headerFields[.retryAfter] = "10"
      head.headerFields[.contentLength] = "0"
      return try await writer.writeResponse(head)
    }
    defer { hub.unsubscribe(listener.identifier) }
    client.whenClientLeaves { [hub] in hub.unsubscribe(listener.identifier) }
    var body = try await writer.writeHead(head)
    for await message in listener.messages { try await body.write(ByteBuffer(bytes: message)) }
    try await body.finish(nil)
  }
}
