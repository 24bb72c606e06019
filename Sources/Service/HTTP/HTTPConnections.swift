import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The connections of a server, as Hummingbird takes them: how each is set up, and how its requests are answered.
struct HTTPConnections: HTTPChannelHandler {
  /// A connection that has been accepted.
  struct Value: ServerChildChannelValue {
    let channel: any Channel
    let client: ClientConnection
    /// Nil where the connection was one too many.
    let parts: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>?
  }

  private let settings: HTTPServer.Settings
  private let dispatcher: RequestDispatcher
  private let table: ConnectionTable
  private var client: ClientConnection?

  init(_ settings: HTTPServer.Settings, _ dispatcher: RequestDispatcher, _ table: ConnectionTable) {
    self.settings = settings
    self.dispatcher = dispatcher
    self.table = table
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let client = ClientConnection(address: channel.remoteAddress?.ipAddress ?? "")
    guard table.add(channel, client, limit: settings.connectionLimit) else {
      channel.close(promise: nil)
      return channel.eventLoop.makeSucceededFuture(
        Value(channel: channel, client: client, parts: nil))
    }
    return channel.eventLoop.makeCompletedFuture {
      // A client that closes its side has left, as far as it concerns us.
      try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
      try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 4)
      let pipeline = channel.pipeline.syncOperations
      let budget = RequestBudget(limit: settings.requestLimit)
      try pipeline.addHandler(budget)
      try pipeline.configureHTTPServerPipeline(
        withPipeliningAssistance: false, withErrorHandling: false)
      try pipeline.addHandler(ConnectionGuard(settings, budget, client))
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
      return Value(
        channel: channel, client: client,
        parts: try NIOAsyncChannel(wrappingChannelSynchronously: channel))
    }
  }

  func handle(value: Value, logger: Logger) async {
    guard let parts = value.parts else { return }
    var own = self
    own.client = value.client
    await own.handleHTTP(asyncChannel: parts, logger: logger)
  }

  var responder: Responder {
    { [dispatcher, client] (request, writer: consuming ResponseWriter, channel) in
      guard let client else { return }
      try await dispatcher.answer(request, of: client, on: channel.eventLoop, with: writer)
    }
  }
}
