import Dispatch
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A small HTTP/1.1 server for pages and APIs that are only read: GET and HEAD, no bodies. Hummingbird's, with a guard
/// before each connection.
///
/// Everything is bounded: the size of a request, the time that its sender and its reader may take, the
/// number of connections and of event streams, the work on a question and how many wait for it.
public final class HTTPServer: Sendable {
  public struct Settings: Sendable {
    public var host = "127.0.0.1"
    /// 0 takes a free port.
    public var port = 8_080
    /// What requests for data must bring as `Authorization: Bearer …`; none asks for nothing.
    public var tokens: [AccessToken] = []
    /// Names that the server answers to beside its own; one that begins with a dot stands for all names that end so.
    public var allowedHosts: [String] = []
    /// What stands before every path, as in `/tributary`; empty for nothing.
    public var basePath = ""
    public var connectionLimit = 256
    public var eventStreamLimit = 64
    /// Bytes of a request's first line and headers.
    public var requestLimit = 16_384
    /// How long a client may take to send a request, in seconds.
    public var requestSeconds: Int64 = 15
    /// How long a client may take to read a response, in seconds.
    public var responseSeconds: Int64 = 30
    /// How long a connection may idle between two requests, in seconds: longer than proxies keep theirs, so that it
    /// is the proxy that closes.
    public var keepAliveSeconds: Int64 = 75
    /// How long a question may take, in seconds.
    public var querySeconds: Int64 = 10
    /// How long a look-up may take, in seconds.
    public var searchSeconds: Int64 = 30

    public init() {}
  }

  public let settings: Settings
  private let hub: EventHub
  private let pools: [HTTPLane: WorkPool]
  private let table = ConnectionTable()
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let executor: LoopExecutor
  private let server: Server<HTTPConnections>
  private let beginning = Beginning()
  private let hasEnded = DispatchSemaphore(value: 0)

  /// - Parameter hub: where event streams are fed from.
  public init(_ settings: Settings, _ responder: any HTTPResponder, hub: EventHub) {
    self.settings = settings
    self.hub = hub
    pools = Dictionary(
      uniqueKeysWithValues: HTTPLane.allCases.filter { $0 != .immediate }.map { ($0, WorkPool($0)) }
    )
    executor = LoopExecutor(group.any())
    let dispatcher = RequestDispatcher(settings, responder, hub, pools)
    server = Server(
      childChannelSetup: HTTPConnections(settings, dispatcher, table),
      configuration: ServerConfiguration(
        address: .hostname(settings.host, port: settings.port), backlog: 128),
      onServerRunning: { [beginning] channel in
        beginning.tell(.success(channel.localAddress?.port ?? settings.port))
      }, eventLoopGroup: group, logger: Logger(label: "http") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Begins to listen; returns the port. Throws when the address is taken or not this machine's.
  public func start() throws -> Int {
    for pool in pools.values { pool.start() }
    Task(executorPreference: executor) { [server, beginning, hasEnded] in
      do { try await server.run() } catch { beginning.tell(.failure(error)) }
      hasEnded.signal()
    }
    return try beginning.wait()
  }

  /// Closes every connection and returns once all is quiet. Answers that are being written get a second.
  public func stop() {
    if beginning.hasSucceeded {
      hub.closeAll()
      let hasShutDown = DispatchSemaphore(value: 0)
      Task(executorPreference: executor) { [server] in
        try? await server.shutdownGracefully()
        hasShutDown.signal()
      }
      if hasEnded.wait(timeout: .now() + .seconds(1)) == .timedOut {
        table.closeAll()
        _ = hasEnded.wait(timeout: .now() + .seconds(5))
      }
      _ = hasShutDown.wait(timeout: .now() + .seconds(1))
    }
    for pool in pools.values { pool.stop() }
    try? group.syncShutdownGracefully()
  }

  /// Whether the server listens: told by the task that runs it, waited for by the thread that started it.
  private final class Beginning: Sendable {
    private let result = Mutex<Result<Int, any Error>?>(nil)
    private let isTold = DispatchSemaphore(value: 0)

    var hasSucceeded: Bool {
      result.withLock { if case .success = $0 { true } else { false } }
    }

    func tell(_ result: Result<Int, any Error>) {
      self.result.withLock { $0 = $0 ?? result }
      isTold.signal()
    }

    func wait() throws -> Int {
      isTold.wait()
      return try result.withLock { $0! }.get()
    }
  }
}
