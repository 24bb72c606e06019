import NIOCore

/// Refuses a request whose head is larger than allowed, before it is parsed and kept.
final class RequestBudget: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let limit: Int
  private var received = 0
  private var isRefused = false

  /// Called at the first byte of a request.
  var onBegin: () -> Void = {}

  init(limit: Int) { self.limit = limit }

  /// Whether part of a request has come.
  var hasBegun: Bool { received > 0 }

  /// To be called when a request is complete.
  func reset() { received = 0 }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What a refused client goes on to send is read and forgotten, so that it can read the answer.
    if isRefused { return }
    if received == 0 { onBegin() }
    received += unwrapInboundIn(data).readableBytes
    guard received > limit else { return context.fireChannelRead(data) }
    isRefused = true
    let answer = """
      HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n
      """
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    closeSoon(context)
  }
}

/// Ends a connection half a second from now: at once, the client might lose the answer.
func closeSoon(_ context: ChannelHandlerContext) {
  let channel = context.channel
  context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
}
