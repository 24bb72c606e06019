import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP/1.1 server for pages and APIs that are only read: GET and HEAD, no bodies.
///
/// Everything is bounded: the size of a request, the time that its sender and its reader may take, the
/// number of connections and of event streams.
public final class HTTPServer: Sendable {
  public struct Settings: Sendable {
    public var host = "127.0.0.1"
    /// 0 takes a free port.
    public var port = 8_080
    /// What requests for data must bring as `Authorization: Bearer …`; nil for none.
    public var token: String?
    public var connectionLimit = 256
    public var eventStreamLimit = 64
    /// Bytes of a request's first line and headers.
    public var requestLimit = 16_384
    /// How long a client may take to send a request, in seconds; also how long a connection may idle.
    public var requestSeconds: Int64 = 15
    /// How long a client may take to read a response, in seconds.
    public var responseSeconds: Int64 = 30

    public init() {}
  }

  public let settings: Settings
  let responder: any HTTPResponder
  let hub: EventHub
  let pool: NIOThreadPool
  private let group: MultiThreadedEventLoopGroup
  private let connectionCount = Atomic(0)
  private let channel = Mutex<(any Channel)?>(nil)

  /// - Parameter hub: where event streams are fed from.
  public init(_ settings: Settings, _ responder: any HTTPResponder, hub: EventHub) {
    self.settings = settings
    self.responder = responder
    self.hub = hub
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    pool = NIOThreadPool(numberOfThreads: 2)
  }

  /// Begins to listen; returns the port. Throws when the address is taken or not this machine's.
  public func start() throws -> Int {
    pool.start()
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 128)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { [self] child in initialize(child) }
      .childChannelOption(.maxMessagesPerRead, value: 4)
    let bound = try bootstrap.bind(host: settings.host, port: settings.port).wait()
    channel.withLock { $0 = bound }
    return bound.localAddress?.port ?? settings.port
  }

  /// Closes every connection and returns once all is quiet.
  public func stop() {
    try? channel.withLock { $0 }?.close().wait()
    hub.closeAll()
    try? group.syncShutdownGracefully()
    try? pool.syncShutdownGracefully()
  }

  private func initialize(_ child: any Channel) -> EventLoopFuture<Void> {
    let count = connectionCount.add(1, ordering: .relaxed).newValue
    child.closeFuture.whenComplete { [self] _ in connectionCount.subtract(1, ordering: .relaxed) }
    guard count <= settings.connectionLimit else {
      return child.close()
    }
    return child.eventLoop.makeCompletedFuture { [self] in
      let budget = RequestBudget(limit: settings.requestLimit)
      try child.pipeline.syncOperations.addHandler(budget)
      try child.pipeline.syncOperations.configureHTTPServerPipeline(
        withPipeliningAssistance: false, withErrorHandling: true)
      try child.pipeline.syncOperations.addHandler(HTTPConnection(self, budget))
    }
  }
}
