import NIOCore
import NIOHTTP1
import NIOPosix

/// One client's connection: takes requests one after the other and writes their responses.
final class HTTPConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let server: HTTPServer
  private let budget: RequestBudget
  private var head: HTTPRequestHead?
  private var hasBody = false
  /// Whether nothing more is answered on this connection.
  private var isOver = false
  private var isAnswering = false
  /// What came while a request was being answered. The budget bounds it.
  private var waiting: [HTTPServerRequestPart] = []
  private var deadline: Scheduled<Void>?
  private var subscription: Int?

  init(_ server: HTTPServer, _ budget: RequestBudget) {
    self.server = server
    self.budget = budget
  }

  func channelActive(context: ChannelHandlerContext) {
    awaitRequest(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    if let subscription { server.hub.unsubscribe(subscription) }
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    let part = unwrapInboundIn(data)
    if isAnswering { waiting.append(part) } else { take(part, context) }
  }

  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head):
      self.head = head
      // Refused as soon as it is announced: nobody waits for the body.
      let length = head.headers["content-length"].first.flatMap(Int.init) ?? 0
      if length > 0 || head.headers.contains(name: "transfer-encoding") {
        refuse(.payloadTooLarge, context)
      }
    case .body: hasBody = true
    case .end:
      budget.reset()
      deadline?.cancel()
      guard let head else { return }
      self.head = nil
      isAnswering = true
      answer(head, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// Closes the connection unless a request has come in time.
  private func awaitRequest(_ context: ChannelHandlerContext) {
    deadline = context.eventLoop.assumeIsolated().scheduleTask(
      in: .seconds(server.settings.requestSeconds)
    ) { [self] in
      if budget.hasBegun { refuse(.requestTimeout, context) } else { context.close(promise: nil) }
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    if hasBody { return refuse(.payloadTooLarge, context) }
    guard head.method == .GET || head.method == .HEAD else {
      let response = HTTPResponse(
        .methodNotAllowed, contentType: "text/plain; charset=utf-8",
        body: .bytes(Array("only GET and HEAD\n".utf8)), headers: ["allow": "GET, HEAD"])
      return write(response, to: head, context)
    }
    guard let request = HTTPRequest(target: head.uri, headers: head.headers) else {
      return refuse(.badRequest, context)
    }
    if let refusal = Admission(server.settings).refusal(
      of: request, isPublic: server.responder.isPublic(request.path))
    {
      return write(refusal, to: head, context)
    }
    let responder = server.responder
    server.pool.runIfActive(eventLoop: context.eventLoop) { responder.respond(to: request) }
      .assumeIsolated().whenComplete { [self] result in
        switch result {
        case .success(let response): write(response, to: head, context)
        case .failure: refuse(.serviceUnavailable, context)
        }
      }
  }

  /// Answers with a status only, and ends the connection.
  private func refuse(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
    guard !isOver else { return }
    isOver = true
    deadline?.cancel()
    var headers = HTTPHeaders([("content-length", "0"), ("connection", "close")])
    headers.add(contentsOf: Admission.safetyHeaders)
    context.write(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
      promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    closeSoon(context)
  }

  private func write(
    _ response: HTTPResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive, !isOver else { return }
    var headers = response.headers
    headers.add(contentsOf: Admission.safetyHeaders)
    headers.replaceOrAdd(name: "content-type", value: response.contentType)
    if !headers.contains(name: "cache-control") {
      headers.add(name: "cache-control", value: "no-store")
    }
    switch response.body {
    case .events: beginEvents(headers, head, context)
    case .bytes(let bytes):
      headers.add(name: "content-length", value: "\(bytes.count)")
      if !head.isKeepAlive { headers.add(name: "connection", value: "close") }
      write(response.status, headers, head.method == .HEAD ? [] : bytes, head, context)
    }
  }

  private func write(
    _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ bytes: [UInt8],
    _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    context.write(
      wrapOutboundOut(
        .head(HTTPResponseHead(version: head.version, status: status, headers: headers))),
      promise: nil)
    if !bytes.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
    }
    // A client that does not read its response does not keep the connection.
    let timeout = context.eventLoop.assumeIsolated().scheduleTask(
      in: .seconds(server.settings.responseSeconds)
    ) { context.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { [self] _ in
      timeout.cancel()
      if head.isKeepAlive { goOn(context) } else { context.close(promise: nil) }
    }
  }

  /// Turns to the next request, which may have come already.
  private func goOn(_ context: ChannelHandlerContext) {
    isAnswering = false
    guard context.channel.isActive else { return }
    awaitRequest(context)
    while !isAnswering, !isOver, !waiting.isEmpty { take(waiting.removeFirst(), context) }
  }

  private func beginEvents(
    _ headers: HTTPHeaders, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard head.method == .GET,
      let subscription = server.hub.subscribe(
        context.channel, limit: server.settings.eventStreamLimit)
    else { return refuse(.serviceUnavailable, context) }
    self.subscription = subscription
    isOver = true
    var headers = headers
    headers.replaceOrAdd(name: "connection", value: "close")
    context.writeAndFlush(
      wrapOutboundOut(
        .head(HTTPResponseHead(version: head.version, status: .ok, headers: headers))),
      promise: nil)
    server.hub.greet(context.channel)
  }
}
