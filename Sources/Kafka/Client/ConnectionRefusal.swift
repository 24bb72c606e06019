/// Why a broker and this client do not come together although both are there: a login or a certificate that one of
/// them does not accept. Waiting does not help.
///
/// Pure: made from librdkafka's line about the connection, and from what OpenSSL found wrong with the certificate.
struct ConnectionRefusal: Equatable {
  /// `_AUTHENTICATION` or `_SSL`.
  var name: String
  /// What is wrong, and what to look at.
  var message: String

  /// - Parameters:
  ///   - line: librdkafka's, as in `[thrd:…]: ssl://HOST:PORT/ID: SSL handshake failed: … (after 3ms in state …)`.
  ///   - fault: OpenSSL's number for what is wrong with the broker's certificate; nil where it has said nothing.
  /// - Returns: nil for a connection that failed in another way.
  init?(line: String, certificateFault fault: Int32?) {
    let broker =
      BrokerConnections.broker(of: line).map { "the broker at \($0.address)" } ?? "the broker"
    if line.contains("certificate verify failed") {
      name = "_SSL"
      message = Self.text(of: fault, broker)
    } else if let alert = Self.alerts.first(where: {
      line.contains("SSL alert number \($0.number)")
    }) {
      name = "_SSL"
      message =
        "\(broker) refuses this client's certificate (\(alert.text)); check ssl.certificate.location and "
        + "ssl.key.location"
    } else if let reason = Self.loginFailure(line) {
      name = "_AUTHENTICATION"
      message =
        "\(broker) refuses the login (\(reason)); check sasl.mechanism, sasl.username and sasl.password"
    } else {
      return nil
    }
  }

  /// Alerts about a client's certificate, RFC 8446, 6.2.
  private static let alerts: [(number: Int, text: String)] = [
    (42, "bad, or none was sent"), (43, "unsupported"), (44, "revoked"), (45, "expired"),
    (46, "unknown"), (48, "its CA is unknown there"), (49, "access denied"),
    (116, "none was sent"),
  ]

  /// Numbers of OpenSSL's `X509_V_ERR_…`.
  private static func text(of fault: Int32?, _ broker: String) -> String {
    switch fault {
    case 9: "the certificate of \(broker) is not valid yet; check this machine's clock"
    case 10: "the certificate of \(broker) has expired; renew it there"
    case 62, 63, 64:
      "the certificate of \(broker) is another host's; use a name that it holds in bootstrap_servers and in the "
        + "brokers' advertised.listeners"
    case 2, 18, 19, 20, 21:
      "the certificate of \(broker) is signed by no CA that is trusted here; set ssl.ca.location to the file with its CA"
    default:
      "the certificate of \(broker) is not accepted (\(fault.map { "OpenSSL error \($0)" } ?? "no reason given")); "
        + "check ssl.ca.location"
    }
  }

  /// What the broker says about a login that it refuses.
  private static func loginFailure(_ line: String) -> Substring? {
    guard
      let start = line.firstRange(of: "SASL authentication error: ")?.upperBound
        ?? line.firstRange(of: "mechanism handshake failed: ")?.upperBound
    else { return nil }
    let rest = line[start...]
    return rest.firstRange(of: " (after ").map { rest[..<$0.lowerBound] } ?? rest
  }
}
