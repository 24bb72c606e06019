// Safety: owns one `rd_kafka_t` and destroys it once, in `deinit`. Whatever points into the client
// (queues, topics, lent records) holds a strong reference to its handle and gives its own pointer
// back first, so the client outlives all of them. The callbacks' opaque pointer is an unretained
// `ClientContext`, which the handle keeps until after `rd_kafka_destroy`, when no callback can run.

internal import CRdkafka
internal import Glibc
import Logging

/// One librdkafka client with its callbacks.
final class ClientHandle {
  let pointer: OpaquePointer
  let context: ClientContext
  /// What librdkafka's threads may still write to; released after the client.
  private let keptAlive: AnyObject?
  private let bootstrapServers: String

  enum Kind {
    case producer, consumer

    var cType: rd_kafka_type_t {
      self == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    }
  }

  /// Makes a client; connects in the background.
  ///
  /// - Throws: a ``KafkaError`` naming the property that is unknown or has an impossible value.
  init(
    _ kind: Kind, _ configuration: ClientConfiguration, context: ClientContext,
    countsDeliveries: Bool = false, keepingAlive keptAlive: AnyObject? = nil
  ) throws(KafkaError) {
    let operation = kind == .producer ? "make producer" : "make consumer"
    guard
      let servers = configuration["bootstrap.servers"] ?? configuration["metadata.broker.list"]
        ?? configuration["test.mock.num.brokers"]
    else {
      throw .invalidArgument("bootstrap.servers is not set", operation: operation)
    }

    guard let settings = rd_kafka_conf_new() else { outOfMemory() }
    do throws(KafkaError) {
      try Self.apply(configuration, to: settings)
    } catch {
      rd_kafka_conf_destroy(settings)
      throw error
    }
    Self.installCallbacks(on: settings, kind, context, countsDeliveries: countsDeliveries)
    if configuration.verifiesCertificates { Self.installCertificateCallback(on: settings) }

    var reason = [CChar](repeating: 0, count: 512)
    // On success the client owns `settings`; on failure they are still ours.
    guard let pointer = rd_kafka_new(kind.cType, settings, &reason, reason.count) else {
      rd_kafka_conf_destroy(settings)
      throw .invalidArgument(text(reason), operation: operation)
    }
    self.pointer = pointer
    self.context = context
    self.keptAlive = keptAlive
    self.bootstrapServers = servers
  }

  deinit {
    // A consumer that wants to leave its group says so in `close`; here nothing may wait for a broker.
    rd_kafka_destroy_flags(pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
  }

  private static func apply(
    _ configuration: ClientConfiguration, to settings: OpaquePointer
  ) throws(KafkaError) {
    var reason = [CChar](repeating: 0, count: 512)
    for (name, value) in configuration.properties.sorted(by: { $0.key < $1.key }) {
      // librdkafka names neither the file nor what is wrong with it.
      if ClientConfiguration.namesFile(name), value != "probe", access(value, R_OK) != 0 {
        throw .invalidArgument(
          "configuration property \(name): \(value): \(String(cString: strerror(errno)))",
          operation: "configure")
      }
      guard rd_kafka_conf_set(settings, name, value, &reason, reason.count) != RD_KAFKA_CONF_OK
      else { continue }
      let why = ClientConfiguration.isSecret(name) ? "its value was refused" : text(reason)
      throw .invalidArgument("configuration property \(name): \(why)", operation: "configure")
    }
  }

  private static func installCallbacks(
    on settings: OpaquePointer, _ kind: Kind, _ context: ClientContext, countsDeliveries: Bool
  ) {
    rd_kafka_conf_set_opaque(settings, Unmanaged.passUnretained(context).toOpaque())
    rd_kafka_conf_set_log_cb(settings) { client, level, facility, line in
      guard let client, let opaque = rd_kafka_opaque(client) else { return }
      ClientContext.from(opaque).log(
        level: level, facility: facility.map { String(cString: $0) } ?? "",
        line: line.map { String(cString: $0) } ?? "")
    }
    rd_kafka_conf_set_error_cb(settings) { client, code, reason, opaque in
      guard let client, let opaque else { return }
      let context = ClientContext.from(opaque)
      let code = rd_kafka_resp_err_t(rawValue: code)
      if code == RD_KAFKA_RESP_ERR__FATAL {
        context.keep(readFatalError(of: client, operation: "run client"))
      } else {
        context.report(
          KafkaError(
            code, operation: "reach brokers", message: reason.map { String(cString: $0) }))
      }
    }
    if context.onStatistics != nil {
      rd_kafka_conf_set_stats_cb(settings) { _, json, length, opaque in
        guard let json, let opaque else { return 0 }
        let bytes = UnsafeRawBufferPointer(start: json, count: length)
        ClientContext.from(opaque).onStatistics?(String(decoding: bytes, as: UTF8.self))
        return 0
      }
    }
    if kind == .consumer {
      rd_kafka_conf_set_rebalance_cb(settings) { client, code, list, opaque in
        guard let opaque else { return }
        if let handler = ClientContext.from(opaque).onRebalance {
          handler(code, list)
        } else {
          // Nobody reads any more; librdkafka still waits for the answer.
          rd_kafka_assign(client, nil)
        }
      }
    }
    if countsDeliveries {
      rd_kafka_conf_set_dr_msg_cb(settings) { _, message, opaque in
        guard let message, let opaque, message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR else {
          return
        }
        ClientContext.from(opaque).countDeliveryFailure(
          deliveryFailure(
            message.pointee.err, topic: String(cString: rd_kafka_topic_name(message.pointee.rkt))))
      }
    }
  }
}

extension ClientHandle {
  /// Has OpenSSL's reason for not trusting a broker noted; what is trusted stays OpenSSL's decision.
  private static func installCertificateCallback(on settings: OpaquePointer) {
    rd_kafka_conf_set_ssl_cert_verify_cb(settings) {
      _, _, _, fault, _, _, _, reason, size, opaque in
      guard let fault, fault.pointee != 0 else { return 1 }
      if let opaque { ClientContext.from(opaque).noteCertificateFault(fault.pointee) }
      if let reason, size > 0 { reason.pointee = 0 }
      return 0
    }
  }
}

extension ClientConfiguration {
  /// Whether brokers' certificates are looked at.
  fileprivate var verifiesCertificates: Bool {
    (self["security.protocol"]?.lowercased().hasSuffix("ssl") ?? false)
      && self["enable.ssl.certificate.verification"] != "false"
  }

  fileprivate static func namesFile(_ property: String) -> Bool {
    property.hasPrefix("ssl.") && property.hasSuffix(".location")
  }
}

extension ClientContext {
  /// The context behind librdkafka's opaque pointer; alive as long as its client.
  static func from(_ opaque: UnsafeMutableRawPointer) -> ClientContext {
    Unmanaged<ClientContext>.fromOpaque(opaque).takeUnretainedValue()
  }
}

/// The text in a C buffer that ends at its first zero.
func text(_ buffer: [CChar]) -> String {
  String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// librdkafka could not allocate a few bytes; nothing can go on.
func outOfMemory() -> Never { fatalError("out of memory") }

private func deliveryFailure(_ code: rd_kafka_resp_err_t, topic: String) -> KafkaError {
  var error = KafkaError(code, operation: "deliver record to \(topic)")
  error.subject = topic
  return error
}

/// The error that made `client` unusable.
private func readFatalError(of client: OpaquePointer, operation: String) -> KafkaError {
  var reason = [CChar](repeating: 0, count: 512)
  let code = rd_kafka_fatal_error(client, &reason, reason.count)
  return KafkaError(code, operation: operation, message: text(reason), isFatal: true)
}

// MARK: - Errors

extension ClientHandle {
  /// Throws unless `code` means success.
  func check(_ code: rd_kafka_resp_err_t, operation: @autoclosure () -> String) throws(KafkaError) {
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
    throw error(code, operation: operation())
  }

  /// Throws, and destroys, the error object if there is one.
  func check(_ error: OpaquePointer?, operation: @autoclosure () -> String) throws(KafkaError) {
    guard let error else { return }
    throw explained(KafkaError(taking: error, operation: operation()))
  }

  func error(
    _ code: rd_kafka_resp_err_t, operation: String, message: String? = nil
  ) -> KafkaError {
    explained(KafkaError(code, operation: operation, message: message))
  }

  /// `error` with its cause: what was fatal, or which broker could not be reached.
  func explained(_ error: KafkaError) -> KafkaError {
    var error = error
    if error.code == RD_KAFKA_RESP_ERR__FATAL.rawValue {
      return readFatalError(of: pointer, operation: error.operation)
    }
    guard error.isConnectionTrouble,
      let trouble = context.connectionTrouble({ brokers(timeoutMilliseconds: 500) })
    else { return error }
    switch trouble {
    case .refused(let refusal):
      let code =
        refusal.name == "_SSL" ? RD_KAFKA_RESP_ERR__SSL : RD_KAFKA_RESP_ERR__AUTHENTICATION
      return KafkaError(code, operation: error.operation, message: refusal.message)
    case .nobodyAnswers(let line):
      error.reachesNoBroker = true
      error.message += "; no broker reached at bootstrap.servers=\(bootstrapServers): \(line)"
    case .down(let brokers, let count):
      error.message +=
        "; \(brokers.map(\.description).joined(separator: ", ")) \(brokers.count == 1 ? "is" : "are") "
        + "down; \(count - brokers.count) of \(count) answer"
    case .none: break
    }
    return error
  }
}

extension ClientHandle {
  /// Puts a question to the brokers, and again while its answer is one that passes by itself, until its time is
  /// over.
  func ask<Result>(
    _ timeoutMilliseconds: Int32, _ question: (Deadline) throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    let deadline = Deadline(afterMilliseconds: timeoutMilliseconds)
    guard timeoutMilliseconds > 0 else { return try question(deadline) }
    let retry = Retry(limit: .milliseconds(timeoutMilliseconds), logger: context.logger)
    return try retry { () throws(KafkaError) in try question(deadline) }
  }

  /// What made the client unusable; `nil` while it is fine.
  func fatalError(operation: String) -> KafkaError? {
    guard rd_kafka_fatal_error(pointer, nil, 0) != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return readFatalError(of: pointer, operation: operation)
  }
}
