import Foundation

/// A message of the queue.
struct QueueMessage: Sendable, Equatable {
  var id: String
  /// With which this delivery is answered for.
  var receipt: String
  var body: String
  /// When it was sent, in milliseconds since the epoch.
  var sent: Int64?
  /// Of a FIFO queue.
  var group: String?
}

/// What SQS answers, in the JSON of its protocol.
enum QueueAnswer {
  private struct Received: Decodable {
    struct Message: Decodable {
      var MessageId: String
      var ReceiptHandle: String
      var Body: String
      var Attributes: [String: String]?
    }
    var Messages: [Message]?
  }

  private struct Attributes: Decodable {
    var Attributes: [String: String]?
  }

  private struct Batch: Decodable {
    struct Failure: Decodable {
      var Id: String
      var Code: String?
    }
    var Failed: [Failure]?
  }

  private struct Refusal: Decodable {
    var type: String?
    var message: String?
    enum CodingKeys: String, CodingKey {
      case type = "__type"
      case message
    }
  }

  /// nil for what is no such answer.
  static func messages(_ body: [UInt8]) -> [QueueMessage]? {
    guard let answer = decode(Received.self, body) else { return nil }
    return (answer.Messages ?? []).map { message in
      QueueMessage(
        id: message.MessageId, receipt: message.ReceiptHandle, body: message.Body,
        sent: message.Attributes?["SentTimestamp"].flatMap { Int64($0) },
        group: message.Attributes?["MessageGroupId"])
    }
  }

  static func attributes(_ body: [UInt8]) -> [String: String]? {
    decode(Attributes.self, body).map { $0.Attributes ?? [:] }
  }

  /// Entries of a batch that were refused, with the code.
  static func failures(_ body: [UInt8]) -> [(id: String, code: String)] {
    (decode(Batch.self, body)?.Failed ?? []).map { ($0.Id, StoreFault.word($0.Code ?? "")) }
  }

  static func refusal(_ body: [UInt8]) -> StoreFault.Refusal {
    let answer = decode(Refusal.self, body)
    // Who answers for the queue before it is asked may speak XML.
    if answer?.type == nil, let error = XMLElement(body) { return StoreFault.refusal(error) }
    let code = answer?.type?.split(separator: "#").last.map(String.init) ?? ""
    return StoreFault.Refusal(
      code: StoreFault.word(code), message: StoreFault.line(answer?.message ?? ""))
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) -> Value? {
    try? JSONDecoder().decode(type, from: Data(body.isEmpty ? Array("{}".utf8) : body))
  }
}
