import Foundation
import TestServers

/// Certificates of a CA of the test's own, in a folder that goes with it.
final class Certificates {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for authority in ["ca", "other-ca"] {
      try openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(authority)",
        "-keyout", path("\(authority).key"), "-out", path("\(authority).pem"))
    }
    try make("server", authority: "ca")
    try make("client", authority: "ca")
    try make("stranger", authority: "other-ca")
    try make("expired", authority: "ca", from: "20200101000000Z", to: "20200201000000Z")
    try make("elsewhere", authority: "ca", name: "DNS:elsewhere.example")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ file: String) -> String { folder.appendingPathComponent(file).path }

  /// Makes `NAME.pem` and `NAME.key`, again if they are there.
  func make(
    _ name: String, authority: String, name alternative: String = "IP:127.0.0.1",
    from: String = "20260101000000Z", to: String = "20491231000000Z"
  ) throws {
    try openssl(
      "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-keyout",
      path("\(name).key"),
      "-out", path("request"))
    let database = path("database")
    try Data().write(to: URL(fileURLWithPath: database))
    let configuration = """
      [ca]
      default_ca = own
      [own]
      database = \(database)
      new_certs_dir = \(folder.path)
      rand_serial = yes
      default_md = sha256
      policy = policy
      x509_extensions = extensions
      [policy]
      commonName = supplied
      [extensions]
      subjectAltName = \(alternative)
      """
    try Data(configuration.utf8).write(to: folder.appendingPathComponent("configuration"))
    try openssl(
      "ca", "-batch", "-notext", "-config", path("configuration"), "-cert",
      path("\(authority).pem"), "-keyfile", path("\(authority).key"), "-in", path("request"),
      "-out", path("\(name).pem"), "-startdate", from, "-enddate", to)
  }

  private func openssl(_ arguments: String...) throws { _ = try runTool("openssl", arguments) }
}
