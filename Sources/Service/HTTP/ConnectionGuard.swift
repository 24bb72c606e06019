import NIOCore
import NIOHTTP1

/// Keeps a connection within its limits: how long a request may take to come and its answer to be read, that
/// requests have no bodies and come up one after the other, and what ends it.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let settings: HTTPServer.Settings
  private let budget: RequestBudget
  private let connection: ClientConnection
  /// The request that is coming or being answered.
  private var head: HTTPRequestHead?
  private var hasBody = false
  /// Whether nothing more is answered on this connection.
  private var isOver = false
  private var isAnswering = false
  /// Whether the connection ends with the answer that is being written.
  private var endsWithAnswer = false
  private var isStream = false
  /// What came while a request was being answered. The budget bounds it.
  private var waiting: [HTTPServerRequestPart] = []
  private var deadline: Scheduled<Void>?
  private var isKept = false

  init(
    _ settings: HTTPServer.Settings, _ budget: RequestBudget, _ connection: ClientConnection
  ) {
    self.settings = settings
    self.budget = budget
    self.connection = connection
  }

  func channelActive(context: ChannelHandlerContext) {
    expectRequest(within: settings.requestSeconds, context)
    // The next request of a connection that was kept has its time from its first byte on.
    budget.onBegin = { [self] in
      if isKept, !isAnswering, !isOver { expectRequest(within: settings.requestSeconds, context) }
    }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    budget.onBegin = {}
    connection.leave()
    context.fireChannelInactive()
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    let part = unwrapInboundIn(data)
    if isAnswering { waiting.append(part) } else { take(part, context) }
  }

  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head):
      self.head = head
      hasBody = false
      // Refused as soon as it is announced: nobody waits for the body.
      let length = head.headers["content-length"].first.flatMap(Int.init) ?? 0
      if length > 0 || head.headers.contains(name: "transfer-encoding") {
        refuse(.payloadTooLarge, context)
      } else if head.uri.utf8.first != UInt8(ascii: "/") {
        refuse(.badRequest, context)
      }
    case .body: hasBody = true
    case .end:
      budget.reset()
      deadline?.cancel()
      guard let head else { return }
      if hasBody { return refuse(.payloadTooLarge, context) }
      isAnswering = true
      connection.note(isAnswering: true)
      context.fireChannelRead(wrapInboundOut(.head(head)))
      context.fireChannelRead(wrapInboundOut(.end(nil)))
      context.fireChannelReadComplete()
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError, !isAnswering, !isOver else {
      return context.close(promise: nil)
    }
    refuse(.badRequest, context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ChannelShouldQuiesceEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    if isAnswering { endsWithAnswer = true } else { context.close(promise: nil) }
  }

  /// Closes the connection unless a request has come in time.
  private func expectRequest(within seconds: Int64, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) { [self] in
      if budget.hasBegun { refuse(.requestTimeout, context) } else { context.close(promise: nil) }
    }
  }

  /// Answers with a status only, and ends the connection.
  private func refuse(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
    guard !isOver else { return }
    isOver = true
    deadline?.cancel()
    var headers = NIOHTTP1.HTTPHeaders([("content-length", "0"), ("connection", "close")])
    for field in Admission.safetyHeaders {
      headers.add(name: field.name.rawName, value: field.value)
    }
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    closeSoon(context)
  }

  // MARK: Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isOver, let request = head else { return drop(promise) }
    switch unwrapOutboundIn(data) {
    case .head(var head):
      isStream = !head.headers.contains(name: "content-length") && head.status != .notModified
      endsWithAnswer = endsWithAnswer || isStream || !request.isKeepAlive
      head.version = request.version
      if endsWithAnswer {
        head.headers.replaceOrAdd(name: "connection", value: "close")
      } else if request.version == .http1_0 {
        head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
      }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body: context.write(data, promise: promise)
    case .end: writeEnd(data, promise, context)
    }
  }

  private func drop(_ promise: EventLoopPromise<Void>?) {
    promise?.fail(ChannelError.ioOnClosedChannel)
  }

  private func writeEnd(
    _ data: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
  ) {
    // A client that does not read its answer does not keep the connection.
    deadline = closeLater(context)
    let written = promise ?? context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { [self] _ in
      deadline?.cancel()
      if endsWithAnswer { context.close(promise: nil) } else { goOn(context) }
    }
    context.write(data, promise: written)
  }

  /// A stream whose reader has not kept up for long is ended.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if isStream, isAnswering {
      deadline?.cancel()
      if !context.channel.isWritable { deadline = closeLater(context) }
    }
    context.fireChannelWritabilityChanged()
  }

  private func closeLater(_ context: ChannelHandlerContext) -> Scheduled<Void> {
    context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(settings.responseSeconds)) {
      context.close(promise: nil)
    }
  }

  /// Turns to the next request, which may have come already.
  private func goOn(_ context: ChannelHandlerContext) {
    isAnswering = false
    connection.note(isAnswering: false)
    guard context.channel.isActive else { return }
    isKept = true
    expectRequest(
      within: budget.hasBegun ? settings.requestSeconds : settings.keepAliveSeconds, context)
    while !isAnswering, !isOver, !waiting.isEmpty { take(waiting.removeFirst(), context) }
  }
}
