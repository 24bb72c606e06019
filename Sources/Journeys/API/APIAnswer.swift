internal import Foundation

/// The share of one session in its conversion, under one model.
package struct SessionCredit: Equatable, Sendable {
  package var sessionID: String
  package var initializer: Double
  package var holder: Double
  package var closer: Double
  package var ihc: Double

  package init(
    sessionID: String, initializer: Double, holder: Double, closer: Double, ihc: Double
  ) {
    self.sessionID = sessionID
    self.initializer = initializer
    self.holder = holder
    self.closer = closer
    self.ihc = ihc
  }
}

/// What the API said to a chunk.
struct APIAnswer {
  var statusCode: Int?
  /// Shares by conversion, in the order of the answer.
  var credits: [String: [SessionCredit]] = [:]
  /// Conversions with a row that lacks a number or the session.
  var incomplete: Set<String> = []
  /// Journeys that the API left out: which, if it said so, and why.
  var failures: [(conversionID: String?, reason: String)] = []

  /// Nil when the text is no JSON object of this form.
  ///
  /// - Parameter asked: ids of the conversions that were sent, to find in failures that are mere text.
  init?(_ body: [UInt8], asked: Set<String>) {
    guard
      let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    else { return nil }
    statusCode = (object["statusCode"] as? NSNumber)?.intValue
    if let value = object["value"], !(value is NSNull) {
      guard let rows = value as? [[String: Any]] else { return nil }
      for row in rows {
        guard let conversion = Self.id(row["conversion_id"]) else { return nil }
        guard let session = Self.id(row["session_id"]), let ihc = Self.number(row["ihc"]),
          let initializer = Self.number(row["initializer"]),
          let holder = Self.number(row["holder"]), let closer = Self.number(row["closer"])
        else {
          incomplete.insert(conversion)
          continue
        }
        credits[conversion, default: []].append(
          SessionCredit(
            sessionID: session, initializer: initializer, holder: holder, closer: closer, ihc: ihc))
      }
    }
    for entry in object["partialFailureErrors"] as? [Any] ?? [] {
      failures.append(Self.failure(entry, asked: asked))
    }
  }

  private static func failure(
    _ entry: Any, asked: Set<String>
  ) -> (conversionID: String?, reason: String) {
    if let object = entry as? [String: Any] {
      let words = object.sorted { $0.key < $1.key }.compactMap { key, value -> String? in
        if key == "conversion_id" || key == "conv_id" || value is NSNull { return nil }
        if let text = value as? String { return text }
        guard
          let data = try? JSONSerialization.data(
            withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys])
        else { return nil }
        return "\(key): \(String(decoding: data, as: UTF8.self))"
      }
      return (id(object["conversion_id"] ?? object["conv_id"]), words.joined(separator: "; "))
    }
    let text = "\(entry)"
    let words = text.split { !($0.isLetter || $0.isNumber || "-_.:|/".contains($0)) }
    return (
      words.lazy.map { $0.trimmingCharacters(in: .punctuationCharacters) }
        .first(where: asked.contains) ?? words.lazy.map(String.init).first(where: asked.contains),
      text
    )
  }

  /// A string, or an integer in digits.
  private static func id(_ value: Any?) -> String? {
    switch value {
    case let text as String: text
    case let number as NSNumber: number.stringValue
    default: nil
    }
  }

  /// A number, or one in a string.
  private static func number(_ value: Any?) -> Double? {
    let number =
      switch value {
      case let number as NSNumber: number.doubleValue
      case let text as String: Double(text)
      default: Double?.none
      }
    return number.flatMap { $0.isFinite ? $0 : nil }
  }

  /// Words of an error for a person: the message in the usual places, or else all of the text.
  static func words(_ body: [UInt8], hiding key: APIKey) -> String {
    var text = String(decoding: body.prefix(64 * 1_024), as: UTF8.self)
    if let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
      let message = ["message", "error", "detail", "description"].lazy
        .compactMap({ object[$0] as? String }).first
    {
      text = message
    }
    let line = ForeignText.line(text, hiding: key.text)
    return line.isEmpty ? "it gave no reason" : line
  }
}
