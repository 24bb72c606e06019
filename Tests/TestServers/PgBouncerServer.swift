import Foundation
import Glibc

/// A PgBouncer in front of the tests' PostgreSQL server, in transaction pooling: every transaction may get another
/// session, and what one has left in its session is thrown away. It ends when the tests do, however they end.
package final class PgBouncerServer: Sendable {
  private let port: UInt16
  private let server: PostgresServer
  /// Open as long as this process lives: the pooler's keeper reads from it.
  private let lifeline: Pipe

  /// - Parameter users: who may come.
  package init(_ server: PostgresServer, users: [String]) throws {
    self.server = server
    port = PostgresServer.freePort()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pgbouncer-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let list = users.map { "\"\($0)\" \"\"\n" }.joined()
    try Data(list.utf8).write(to: folder.appendingPathComponent("users.txt"))
    let settings = """
      [databases]
      * = host=127.0.0.1 port=\(server.port)
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = \(port)
      unix_socket_dir =
      pidfile = \(folder.path)/pid
      auth_type = trust
      auth_file = \(folder.path)/users.txt
      pool_mode = transaction
      default_pool_size = 3
      server_round_robin = 1
      server_reset_query = DISCARD ALL
      server_reset_query_always = 1
      """
    try Data(settings.utf8).write(to: folder.appendingPathComponent("pgbouncer.ini"))
    // It refuses to run as root. Children of the tests may have other signals blocked, so it is killed at the end.
    let user = geteuid() == 0 ? "runuser -u postgres -- " : ""
    if geteuid() == 0 { _ = try runTool("chown", ["-R", "postgres", folder.path]) }
    let pipe = Pipe()
    let keeper = Process()
    keeper.executableURL = URL(fileURLWithPath: "/bin/sh")
    keeper.arguments = [
      "-c",
      """
      PATH=$PATH:/usr/sbin
      \(user)pgbouncer -q \(folder.path)/pgbouncer.ini >/dev/null 2>&1 </dev/null &
      read -r order
      kill -KILL $(cat \(folder.path)/pid)
      rm -rf \(folder.path)
      """,
    ]
    keeper.standardInput = pipe
    keeper.standardOutput = FileHandle.nullDevice
    keeper.standardError = FileHandle.nullDevice
    // Only this process may hold the writing end.
    _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    try keeper.run()
    lifeline = pipe
    try waitUntilReady()
  }

  private func waitUntilReady() throws {
    for _ in 0..<200 {
      if (try? runTool("pg_isready", ["-q", "-h", "127.0.0.1", "-p", "\(port)"])) != nil { return }
      usleep(50_000)
    }
    throw ToolFailure(description: "PgBouncer did not start: scripts/test installs it")
  }

  /// The address of a database of the server behind it, for one of its users.
  package func address(of database: TestDatabase, user: String) -> String {
    let name = database.address.split(separator: "/").last!
    return "postgres://\(user)@127.0.0.1:\(port)/\(name)"
  }
}
