import Configuration
import Foundation
import Synchronization
import WebClient

/// Schemas by number, from a schema registry (Confluent's HTTP interface). Each is asked for once and kept.
///
/// Thread-safe: whoever needs a schema waits for the one request that is under way.
public final class SchemaRegistry: SchemaSource {
  /// Limits of what one question may take.
  public struct Limits: Sendable {
    /// Milliseconds to make a connection in, and for all of a request.
    public var connectTimeout = 3_000
    public var timeout = 10_000
    /// Attempts where a failure may pass by itself.
    public var attempts = 3
    /// Milliseconds before the second attempt; each pause doubles the one before.
    public var pause = 200
    /// Schemas that are kept.
    public var schemas = 10_000
    /// Milliseconds for which a number that was not known is not asked for again.
    public var ignorance = 60_000

    public init() {}
  }

  private struct Memory {
    var schemas: [Int32: WriterSchema] = [:]
    /// Numbers that are not known, and until when nobody need ask again.
    var unknown: [Int32: ContinuousClock.Instant] = [:]
    /// Why schemas that are there cannot be used.
    var faults: [Int32: String] = [:]
  }

  private let address: RegistryAddress
  private let limits: Limits
  private let memory = Mutex(Memory())
  /// Held during a question.
  private let asking = Mutex(())

  var needsFrame: Bool { true }

  public init(_ address: RegistryAddress, limits: Limits = Limits()) throws(InputError) {
    self.address = address
    self.limits = limits
  }

  func schema(_ id: Int32) throws(SchemaUnavailable) -> WriterSchema? {
    if let known = known(id) { return known.schema }
    return try asking.withLock { _ throws(SchemaUnavailable) in
      // Another thread may have asked meanwhile.
      if let known = known(id) { return known.schema }
      let schema = try fetch(id)
      memory.withLock { memory in
        if let schema {
          if memory.schemas.count >= limits.schemas { memory.schemas.removeAll() }
          memory.schemas[id] = schema
        } else {
          if memory.unknown.count >= 1_000 {
            memory.unknown.removeAll()
            memory.faults.removeAll()
          }
          memory.unknown[id] = .now + .milliseconds(limits.ignorance)
        }
      }
      return schema
    }
  }

  /// What is remembered of a number; nil where it has to be asked for.
  private func known(_ id: Int32) -> (schema: WriterSchema?, Void)? {
    memory.withLock { memory in
      if let schema = memory.schemas[id] { return (schema, ()) }
      guard let until = memory.unknown[id], until > .now else { return nil }
      return (nil, ())
    }
  }

  func fault(_ id: Int32) -> String? { memory.withLock { $0.faults[id] } }

  // MARK: Questions

  /// What the registry says of a schema.
  private struct Answer: Decodable {
    struct Reference: Decodable {
      var name: String
      var subject: String
      var version: Int
    }

    var schema: String
    var schemaType: String?
    var references: [Reference]?
  }

  private func fetch(_ id: Int32) throws(SchemaUnavailable) -> WriterSchema? {
    guard let answer = try ask("/schemas/ids/\(id)") else { return nil }
    guard let texts = try referenced(answer) else { return nil }
    // A schema that cannot be read is one that is not known: whoever writes by it must not stop the others.
    do throws(InputError) {
      switch answer.schemaType ?? "AVRO" {
      case "AVRO": return .avro(try AvroSchema(text: answer.schema, referenced: texts.map(\.text)))
      case "PROTOBUF":
        return .protobuf(
          try ProtoSchema(text: answer.schema) { name throws(InputError) in
            guard let found = texts.first(where: { $0.name == name }) else {
              throw InputError("imports \(name), which the registry does not list as a reference")
            }
            return found.text
          })
      default: return nil
      }
    } catch {
      memory.withLock { $0.faults[id] = "\(error)" }
      return nil
    }
  }

  /// The schemas that one refers to, and those that these refer to, what is needed first; nil where one is not there.
  private func referenced(
    _ answer: Answer, depth: Int = 0
  ) throws(SchemaUnavailable) -> [(name: String, text: String)]? {
    var texts: [(name: String, text: String)] = []
    for reference in answer.references ?? [] {
      guard depth < 32, texts.count < 1_000 else { return nil }
      let path = "/subjects/\(Self.escaped(reference.subject))/versions/\(reference.version)"
      guard let found = try ask(path), let more = try referenced(found, depth: depth + 1) else {
        return nil
      }
      for text in more
      where !texts.contains(where: { $0.name == text.name }) { texts.append(text) }
      if !texts.contains(where: { $0.name == reference.name }) {
        texts.append((reference.name, found.schema))
      }
    }
    return texts
  }

  /// The answer to a question; nil where the registry says that there is none.
  private func ask(_ path: String) throws(SchemaUnavailable) -> Answer? {
    let answer = try exchange(path)
    switch answer.status {
    case 200:
      guard let read = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)) else {
        throw SchemaUnavailable(
          "\(masked) answers with something else than a schema", requiresOperator: true)
      }
      return read
    case 404: return nil
    default: throw refusal(answer.status)
    }
  }

  /// Sends a request, again where a failure may pass by itself, and returns the answer: 200, 404 of a registry, 403,
  /// 409 or 422 for what is posted.
  func exchange(
    _ path: String, body: [UInt8]? = nil
  ) throws(SchemaUnavailable) -> HTTPAnswer {
    var failure = ""
    for attempt in 0..<max(1, limits.attempts) {
      if attempt > 0 {
        Thread.sleep(forTimeInterval: Double(limits.pause << (attempt - 1)) / 1_000)
      }
      switch result(of: path, body) {
      case .failure(.passing(let reason)): failure = reason
      case .failure(let error):
        throw SchemaUnavailable("\(masked): \(error)", requiresOperator: true)
      case .success(let answer):
        switch answer.status {
        case 200: return answer
        case 404:
          // The registry's own code tells a schema that is not there from an address that is not its.
          guard Self.code(answer.body).map({ (40_400..<40_500).contains($0) }) ?? false else {
            throw SchemaUnavailable(
              "\(masked) answers 404 without a registry's error code; is it the registry's address?",
              requiresOperator: true)
          }
          return answer
        case 403 where body != nil, 409 where body != nil, 422 where body != nil: return answer
        case 408, 429, 500...: failure = "it answers \(answer.status)"
        default: throw refusal(answer.status)
        }
      }
    }
    throw SchemaUnavailable(
      "\(masked) gives no answer (\(failure))" + (body == nil ? "; records wait for it" : ""))
  }

  private func refusal(_ status: Int) -> SchemaUnavailable {
    SchemaUnavailable(
      "\(masked) answers \(status)"
        + (status == 401 || status == 403
          ? "; check user and password, which TRIBUTARY_SCHEMA_REGISTRY can hold" : ""),
      requiresOperator: true)
  }

  /// How errors name it.
  var masked: String { "schema_registry \(address.masked)" }

  /// A name as a part of a path.
  static func escaped(_ name: String) -> String {
    name.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  /// RFC 3986, section 2.3.
  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

  private static func code(_ body: [UInt8]) -> Int? {
    struct Complaint: Decodable { var errorCode: Int }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try? decoder.decode(Complaint.self, from: Data(body)).errorCode
  }

  private func result(of path: String, _ body: [UInt8]?) -> Result<HTTPAnswer, HTTPFailure> {
    var limits = HTTPLimits()
    limits.connectTimeout = self.limits.connectTimeout
    limits.timeout = self.limits.timeout
    var headers = [("Accept", "application/vnd.schemaregistry.v1+json, application/json")]
    if body != nil { headers.append(("Content-Type", "application/vnd.schemaregistry.v1+json")) }
    if let user = address.user {
      let account = Data("\(user):\(address.password ?? "")".utf8).base64EncodedString()
      headers.append(("Authorization", "Basic \(account)"))
    }
    do throws(HTTPFailure) {
      let client = try HTTPClient(limits, connections: 1)
      try client.start(
        HTTPRequest(url: address.url + path, headers: headers, body: body), number: 0)
      while true {
        if let done = client.wait(milliseconds: 100).first { return done.result }
      }
    } catch {
      return .failure(error)
    }
  }
}
