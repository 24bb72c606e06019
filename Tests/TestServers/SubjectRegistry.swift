import Foundation
import Synchronization

/// A schema registry that takes schemas, gives them numbers, and refuses those that cannot read what the version before
/// has written (compatibility BACKWARD).
public final class SubjectRegistry: Sendable {
  private struct Memory {
    var schemas: [String] = []
    /// By subject, the numbers of its versions.
    var versions: [String: [Int]] = [:]
  }

  private let memory: Mutex<Memory>
  private let stub: StubRegistry

  public var url: String { stub.url }
  public var requests: [StubRegistry.Request] { stub.requests }

  public init() throws {
    let handler = Mutex<(@Sendable (StubRegistry.Request) -> StubRegistry.Answer)?>(nil)
    let box = Box(handler)
    stub = try StubRegistry(
      StubRegistry.Handler { request, _ in
        box.handler.withLock { $0 }?(request) ?? .init(status: 503)
      })
    memory = Mutex(Memory())
    box.handler.withLock { $0 = { [unowned self] in answer($0) } }
  }

  private final class Box: Sendable {
    let handler: Mutex<(@Sendable (StubRegistry.Request) -> StubRegistry.Answer)?>

    init(_ handler: consuming Mutex<(@Sendable (StubRegistry.Request) -> StubRegistry.Answer)?>) {
      self.handler = handler
    }
  }

  public func stop() { stub.stop() }

  /// The schemas of a subject's versions.
  public func schemas(of subject: String) -> [String] {
    memory.withLock { memory in (memory.versions[subject] ?? []).map { memory.schemas[$0 - 1] } }
  }

  /// The schema of that number.
  public func schema(_ id: Int) -> String? {
    memory.withLock { $0.schemas.indices.contains(id - 1) ? $0.schemas[id - 1] : nil }
  }

  private func answer(_ request: StubRegistry.Request) -> StubRegistry.Answer {
    let path = request.path.split(separator: "?")[0].split(separator: "/").map(String.init)
    let schema =
      (try? JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: String])?[
        "schema"]
    switch (path.first, path.count, schema) {
    case ("schemas", 3, nil):
      guard let text = self.schema(Int(path[2]) ?? 0) else { return StubRegistry.unknown }
      return .init(body: Self.json(["schema": text]))
    case ("subjects", 3, let schema?): return register(schema, path[1])
    case ("compatibility", 5, let schema?): return compare(schema, path[2])
    default: return StubRegistry.unknown
    }
  }

  private func register(_ schema: String, _ subject: String) -> StubRegistry.Answer {
    memory.withLock { memory in
      let versions = memory.versions[subject] ?? []
      if let known = versions.first(where: { memory.schemas[$0 - 1] == schema }) {
        return .init(body: "{\"id\":\(known)}")
      }
      if let last = versions.last,
        let reason = AvroCompatibility.obstacle(reading: memory.schemas[last - 1], by: schema)
      {
        return .init(
          status: 409,
          body: Self.json(["message": "Schema being registered is incompatible: \(reason)"]))
      }
      memory.schemas.append(schema)
      memory.versions[subject, default: []].append(memory.schemas.count)
      return .init(body: "{\"id\":\(memory.schemas.count)}")
    }
  }

  private func compare(_ schema: String, _ subject: String) -> StubRegistry.Answer {
    guard let last = schemas(of: subject).last else { return StubRegistry.unknown }
    guard let reason = AvroCompatibility.obstacle(reading: last, by: schema) else {
      return .init(body: #"{"is_compatible":true,"messages":[]}"#)
    }
    let quoted = String(decoding: try! JSONEncoder().encode(reason), as: UTF8.self)
    return .init(body: #"{"is_compatible":false,"messages":[\#(quoted)]}"#)
  }

  private static func json(_ object: [String: String]) -> String {
    String(decoding: try! JSONEncoder().encode(object), as: UTF8.self)
  }
}

/// Schema resolution as Avro's specification defines it, for the types that have names or parts.
public enum AvroCompatibility {
  /// Why records of `writer` cannot be read by `reader`; nil when they can.
  public static func obstacle(reading writer: String, by reader: String) -> String? {
    func parsed(_ text: String) -> Any? {
      try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }
    guard let writer = parsed(writer), let reader = parsed(reader) else { return "no JSON" }
    return obstacle(writer, reader, "")
  }

  private static func obstacle(_ writer: Any, _ reader: Any, _ path: String) -> String? {
    if let branches = writer as? [Any] {
      return branches.lazy.compactMap { obstacle($0, reader, path) }.first
    }
    if let branches = reader as? [Any] {
      let obstacles = branches.map { obstacle(writer, $0, path) }
      return obstacles.contains { $0 == nil } ? nil : "\(path): no branch fits"
    }
    guard let (written, read) = (type(of: writer), type(of: reader)) as? (String, String),
      written == read
    else { return "\(path): another type" }
    let (writer, reader) = (writer as? [String: Any] ?? [:], reader as? [String: Any] ?? [:])
    for key in ["logicalType", "scale", "precision"]
    where "\(writer[key] ?? "")" != "\(reader[key] ?? "")" {
      return "\(path): another \(key)"
    }
    switch written {
    case "array": return obstacle(writer["items"]!, reader["items"]!, path + "[]")
    case "record":
      guard writer["name"] as? String == reader["name"] as? String else {
        return "\(path): another name"
      }
      let known = Dictionary(
        uniqueKeysWithValues: (writer["fields"] as! [[String: Any]]).map {
          ($0["name"] as! String, $0["type"]!)
        })
      for field in reader["fields"] as! [[String: Any]] {
        let name = field["name"] as! String
        guard let type = known[name] else {
          guard field["default"] == nil else { continue }
          return "\(path).\(name): is new and has no default"
        }
        if let found = obstacle(type, field["type"]!, "\(path).\(name)") { return found }
      }
      return nil
    default: return nil
    }
  }

  private static func type(of schema: Any) -> String? {
    schema as? String ?? (schema as? [String: Any])?["type"] as? String
  }
}
