import Foundation

/// Registering schemas, and asking whether they could be.
extension SchemaRegistry {
  /// What the registry says of a schema that would be a subject's next version.
  public enum Compatibility: Equatable, Sendable {
    /// The subject has no version yet.
    case new
    case compatible
    /// - Parameter reason: the registry's words; empty where it gives none.
    case incompatible(reason: String)
  }

  /// Registers an Avro schema under a subject, unless it is there already.
  ///
  /// - Returns: its number.
  /// - Throws: `SchemaUnavailable`, where the registry refuses it too.
  public func register(_ schema: String, under subject: String) throws(SchemaUnavailable) -> Int32 {
    let path = "/subjects/\(Self.escaped(subject))"
    var answer = try exchange("\(path)/versions", body: Self.body(schema))
    // Whoever may not register may use what somebody else has registered.
    if answer.status == 403 {
      let found = try exchange(path, body: Self.body(schema))
      if found.status == 200 { answer = found }
    }
    switch answer.status {
    case 200:
      struct Registered: Decodable { var id: Int32 }
      guard let id = (try? JSONDecoder().decode(Registered.self, from: Data(answer.body)))?.id
      else { throw odd("does not name the number of a schema that it has registered") }
      return id
    case 409:
      throw refused(
        subject, answer.body,
        "is not compatible with the version before",
        "give the topic another name, or lower the subject's compatibility")
    case 403:
      throw refused(
        subject, answer.body, "may not be registered by this user",
        "register it with `tributary config schemas`, or give the user the right")
    default:
      throw refused(subject, answer.body, "is refused", "see the registry's log")
    }
  }

  /// Asks whether a schema could be a subject's next version. Changes nothing.
  public func compatibility(
    of schema: String, with subject: String
  ) throws(SchemaUnavailable) -> Compatibility {
    let path = "/compatibility/subjects/\(Self.escaped(subject))/versions/latest?verbose=true"
    let answer = try exchange(path, body: Self.body(schema))
    struct Verdict: Decodable {
      var isCompatible: Bool
      var messages: [String]?
    }
    switch answer.status {
    case 200:
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      guard let verdict = try? decoder.decode(Verdict.self, from: Data(answer.body)) else {
        throw odd("answers with something else than a verdict on a schema")
      }
      guard !verdict.isCompatible else { return .compatible }
      return .incompatible(reason: Self.line((verdict.messages ?? []).joined(separator: " ")))
    case 404: return .new
    default: throw refused(subject, answer.body, "cannot be compared", "see the registry's log")
    }
  }

  private static func body(_ schema: String) -> [UInt8] {
    let object = ["schema": schema, "schemaType": "AVRO"]
    // Strings are always JSON.
    return Array(try! JSONEncoder().encode(object))
  }

  private func refused(
    _ subject: String, _ body: [UInt8], _ problem: String, _ advice: String
  ) -> SchemaUnavailable {
    struct Complaint: Decodable { var message: String }
    let words = (try? JSONDecoder().decode(Complaint.self, from: Data(body)))?.message ?? ""
    let said = words.isEmpty ? "" : " (\(Self.line(words)))"
    return SchemaUnavailable(
      "\(masked): the schema of \(subject) \(problem)\(said); \(advice)", requiresOperator: true)
  }

  private func odd(_ problem: String) -> SchemaUnavailable {
    SchemaUnavailable("\(masked) \(problem)", requiresOperator: true)
  }

  /// Foreign words on one line, not too long.
  private static func line(_ text: String) -> String {
    let words = text.split(whereSeparator: { $0.isWhitespace || $0.isNewline }).joined(
      separator: " ")
    let printable = String(words.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })
    return printable.count > 300 ? printable.prefix(300) + "…" : printable
  }
}
