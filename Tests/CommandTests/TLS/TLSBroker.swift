import BrokerKit
import Foundation
import TestServers

/// The local broker behind TLS.
final class TLSBroker {
  private let proxy: Process
  private let input = Pipe()
  let address: String

  /// - Parameters:
  ///   - certificate: the name of the server's in `certificates`.
  ///   - clients: whose certificates clients need; nil asks for none.
  init(
    _ broker: LocalBroker, _ certificates: Certificates, certificate: String = "server",
    clients: String? = nil
  ) throws {
    let output = Pipe()
    proxy = Process()
    proxy.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    proxy.arguments =
      [
        "python3",
        DocumentTests.root.appendingPathComponent("Tests/CommandTests/TLS/tls_proxy.py").path,
        String(broker.bootstrapServers.split(separator: ":")[1]),
        certificates.path("\(certificate).pem"), certificates.path("\(certificate).key"),
      ] + (clients.map { [certificates.path("\($0).pem")] } ?? [])
    proxy.standardInput = input
    proxy.standardOutput = output
    try proxy.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw ToolFailure(description: "the TLS proxy did not start")
    }
    address = "127.0.0.1:\(port)"
  }

  deinit {
    // Its standard input may stay open in a process that another test has started, and it may have been started with
    // signals blocked.
    kill(proxy.processIdentifier, SIGKILL)
  }
}
