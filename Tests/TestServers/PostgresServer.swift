// Safety: an address is lent to socket calls for their length only.

import Foundation
import Glibc
import Synchronization

/// A PostgreSQL server of the tests' own: in a temporary folder, on a free port of this machine only,
/// run by a user without rights. It stops when the tests do, however they end.
package final class PostgresServer: Sendable {
  /// One for all tests of a run.
  package static let shared = Result { try PostgresServer() }

  package let port: UInt16
  private let databaseCount = Mutex(0)
  /// Open as long as this process lives: the server's keeper reads from it.
  private let lifeline: Pipe

  package convenience init() throws {
    let programs = try Self.programs()
    try self.init(programs) { data in
      [
        "\(programs)/initdb", "-D", data, "-A", "trust", "-U", "tributary", "--no-sync",
        "--no-locale", "-E", "UTF8",
      ]
    }
  }

  /// A replica that follows another server and takes no writes until it is promoted.
  package convenience init(replicaOf primary: PostgresServer) throws {
    let programs = try Self.programs()
    try self.init(programs) { data in
      [
        "\(programs)/pg_basebackup", "-D", data, "-h", "127.0.0.1", "-p", "\(primary.port)", "-U",
        "tributary", "-R", "-X", "stream", "-c", "fast", "--no-sync",
      ]
    }
  }

  /// - Parameter making: the command that makes the folder of the data.
  private init(_ programs: String, making: (_ data: String) -> [String]) throws {
    let port = Self.freePort()
    let pipe = Pipe()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("postgres-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // PostgreSQL refuses to run as root.
    let user = geteuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []
    if geteuid() == 0 { _ = try runTool("chown", ["postgres", folder.path]) }
    let data = "\(folder.path)/data"
    _ = try runTool("env", user + making(data))
    let server =
      (user + [
        "\(programs)/postgres", "-D", data, "-p", "\(port)", "-c", "listen_addresses=127.0.0.1",
        "-c",
        "unix_socket_directories=\(folder.path)", "-c", "fsync=off",
      ]).joined(separator: " ")
    let keeper = Process()
    keeper.executableURL = URL(fileURLWithPath: "/bin/sh")
    let control = (user + ["\(programs)/pg_ctl", "-D", data]).joined(separator: " ")
    keeper.arguments = [
      "-c",
      """
      start() { \(server) >/dev/null 2>&1 </dev/null & server=$!; }
      stop() { \(control) stop -m "${1:-fast}" >/dev/null 2>&1 </dev/null; wait $server; }
      promote() { \(control) promote -w >/dev/null 2>&1 </dev/null; }
      start
      while read -r order; do $order; done
      stop
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
    self.port = port
    try wait(untilReady: true)
  }

  /// Ends the server: connections are cut, data stay. Returns when nobody answers any more.
  package func stop() throws { try order("stop", untilReady: false) }

  /// Ends the server as a crash does: what it has not told its replica yet, the replica never hears.
  package func crash() throws { try order("stop immediate", untilReady: false) }

  /// Makes a replica a server of its own, which takes writes. Returns while that is under way.
  package func promote() throws { try order("promote", untilReady: true) }

  /// Starts it again, with its data, on the same port.
  package func start() throws { try order("start", untilReady: true) }

  private func order(_ word: String, untilReady isReady: Bool) throws {
    try lifeline.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
    try wait(untilReady: isReady)
  }

  private func wait(untilReady isReady: Bool) throws {
    for _ in 0..<200 {
      let answers =
        (try? runTool("pg_isready", ["-q", "-h", "127.0.0.1", "-p", "\(port)"])) != nil
      if answers == isReady { return }
      usleep(50_000)
    }
    throw ToolFailure(description: "PostgreSQL did not \(isReady ? "start" : "stop")")
  }

  /// Makes an empty database and gives its address.
  ///
  /// - Parameter folder: where its tables lie; with the other data by default.
  package func makeDatabase(inFolder folder: String? = nil) throws -> String {
    let number = databaseCount.withLock { count in
      count += 1
      return count
    }
    let server = "postgres://tributary@127.0.0.1:\(port)"
    var statements = ["CREATE DATABASE test\(number)"]
    if let folder {
      let place = "\(folder)/test\(number)"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
      if geteuid() == 0 { _ = try runTool("chown", ["postgres", place]) }
      statements = [
        "CREATE TABLESPACE place\(number) LOCATION '\(place)'",
        statements[0] + " TABLESPACE place\(number)",
      ]
    }
    for statement in statements {
      _ = try runTool("psql", ["\(server)/postgres", "-qc", statement])
    }
    return "\(server)/test\(number)"
  }

  private static func programs() throws -> String {
    let root = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    let found = versions.compactMap(Int.init).sorted().map { "\(root)/\($0)/bin" }.last {
      FileManager.default.isExecutableFile(atPath: "\($0)/postgres")
    }
    guard let found else {
      throw ToolFailure(description: "PostgreSQL is missing: scripts/test installs it")
    }
    return found
  }

  package static func freePort() -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(descriptor, $0, length)
        _ = getsockname(descriptor, $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }
}
