import BrokerKit
import Foundation
import Testing

/// The program and a broker that speaks TLS.
@Suite struct TLSTests {
  private func environment(
    _ broker: TLSBroker, _ certificates: Certificates, authority: String = "ca",
    client: String? = nil
  ) -> [String: String] {
    var environment = [
      "TRIBUTARY_BOOTSTRAP_SERVERS": broker.address, "TRIBUTARY_KAFKA_SECURITY_PROTOCOL": "SSL",
      "TRIBUTARY_KAFKA_SSL_CA_LOCATION": certificates.path("\(authority).pem"),
    ]
    if let client {
      environment["TRIBUTARY_KAFKA_SSL_CERTIFICATE_LOCATION"] = certificates.path("\(client).pem")
      environment["TRIBUTARY_KAFKA_SSL_KEY_LOCATION"] = certificates.path("\(client).key")
    }
    return environment
  }

  @Test func everyCommandWorksThroughMutualTLS() throws {
    let certificates = try Certificates()
    var cluster = try Cluster(partitions: nil)
    let broker = try TLSBroker(cluster.broker, certificates, clients: "ca")
    cluster.program.environment.merge(environment(broker, certificates, client: "client")) { $1 }
    for arguments in [
      ["topics", "create", "--partitions", "2"], ["config", "check"],
      ["generate", "--events", "2000", "--profile", "dense", "--start", "2026-01-05T00:00:00Z"],
      ["run", "--exit-at-end"], ["verify"], ["report", "--day", "2026-01-05", "--provisional"],
    ] {
      let result = try cluster.program.run(arguments: arguments)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
    }
  }

  @Test(arguments: [
    (
      "server", "other-ca", "client", "is signed by no CA that is trusted here; set ssl.ca.location"
    ),
    ("expired", "ca", "client", "has expired; renew it there"),
    ("elsewhere", "ca", "client", "is another host's"),
    ("server", "ca", nil, "refuses this client's certificate (none was sent)"),
    ("server", "ca", "stranger", "refuses this client's certificate (its CA is unknown there)"),
    ("server", "ca", "expired", "refuses this client's certificate (expired)"),
  ])
  func whatDoesNotFitIsOneLineWithinSeconds(
    server: String, authority: String, client: String?, words: String
  ) throws {
    let certificates = try Certificates()
    let broker = try TLSBroker(
      LocalBroker.shared(), certificates, certificate: server, clients: "ca")
    let program = Program(
      environment: environment(broker, certificates, authority: authority, client: client))
    for arguments in [["run"], ["topics", "describe"]] {
      let result = try program.run(arguments: arguments, timeout: 30)
      #expect(result.status == 1)
      #expect(result.errors.contains("the broker at \(broker.address)"), "\(result.errors)")
      #expect(result.errors.contains(words), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      // Not the 15 s for which a broker that is away is waited for.
      #expect(result.seconds < 10)
    }
  }

  @Test func aCertificateThatIsNotThereIsNamed() throws {
    let program = Program(
      environment: [
        "TRIBUTARY_BOOTSTRAP_SERVERS": "127.0.0.1:1", "TRIBUTARY_KAFKA_SECURITY_PROTOCOL": "SSL",
        "TRIBUTARY_KAFKA_SSL_CA_LOCATION": "/nowhere/ca.pem",
      ])
    let result = try program.run("topics", "describe")
    #expect(result.status == 1)
    #expect(
      result.errors
        == "tributary: configure: configuration property ssl.ca.location: /nowhere/ca.pem: "
        + "No such file or directory (_INVALID_ARG)\n")
  }
}
