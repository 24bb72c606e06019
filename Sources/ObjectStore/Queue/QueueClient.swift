import Cluster
import Codec
import Files
import WebClient

/// Asks a queue, in the JSON protocol of SQS.
final class QueueClient: Sendable {
  /// Messages that the queue takes or gives in one request.
  static let batch = 10

  let address: QueueAddress
  private let client: SignedClient
  private let region: String

  init(_ address: QueueAddress, _ client: SignedClient, region: String) {
    self.address = address
    self.client = client
    self.region = address.region ?? region
  }

  /// - Parameter wait: seconds for which the queue waits for a message.
  func startReceiving(
    _ count: Int, wait: Int, onDone: @escaping @Sendable () -> Void
  ) throws -> PendingHTTPAnswer {
    try start("ReceiveMessage", onDone) { writer in
      writer.field("MaxNumberOfMessages", Int64(count))
      writer.field("WaitTimeSeconds", Int64(wait))
      writer.array("AttributeNames", ["SentTimestamp", "MessageGroupId"]) { $0.value($1) }
    }
  }

  func startDeleting(
    _ message: QueueMessage, onDone: @escaping @Sendable () -> Void
  ) throws -> PendingHTTPAnswer {
    try start("DeleteMessage", onDone) { $0.field("ReceiptHandle", message.receipt) }
  }

  /// Sets for how many seconds from now messages, at most `batch` of them, are hidden from others.
  func startHiding(
    _ messages: [QueueMessage], seconds: Int, onDone: @escaping @Sendable () -> Void
  ) throws -> PendingHTTPAnswer {
    try start("ChangeMessageVisibilityBatch", onDone) { writer in
      writer.array("Entries", messages.enumerated()) { writer, entry in
        writer.object { writer in
          writer.field("Id", "\(entry.offset)")
          writer.field("ReceiptHandle", entry.element.receipt)
          writer.field("VisibilityTimeout", Int64(seconds))
        }
      }
    }
  }

  func startAttributes() throws -> PendingHTTPAnswer {
    try start("GetQueueAttributes", {}) { writer in
      writer.array("AttributeNames", ["All"]) { $0.value($1) }
    }
  }

  private func start(
    _ action: String, _ onDone: @escaping @Sendable () -> Void,
    _ body: (inout JSONWriter) -> Void
  ) throws -> PendingHTTPAnswer {
    var writer = JSONWriter()
    writer.object { writer in
      writer.field("QueueUrl", address.url)
      body(&writer)
    }
    var call = SignedCall(service: "sqs", region: region, origin: address.origin)
    call.headers = [
      ("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AmazonSQS.\(action)"),
    ]
    call.body = writer.bytes
    return try client.start(call, onDone: onDone)
  }

  /// The body of the answer to a request that is over. Throws `StoreOutage` for what may pass, `OperatorError` for what
  /// does not.
  func body(_ pending: PendingHTTPAnswer) throws -> [UInt8] {
    let answer: HTTPAnswer
    do { answer = try pending.wait() } catch {
      if case .passing = error { throw StoreOutage("the queue \(address.name): \(error)") }
      throw OperatorError("the queue \(address.name): \(error)")
    }
    if answer.status == 200 { return answer.body }
    let refusal = QueueAnswer.refusal(answer.body)
    let words = StoreFault.words(answer, refusal)
    if StoreFault.isPassing(answer, refusal) {
      throw StoreOutage("the queue \(address.name) answers \(words)")
    }
    if StoreFault.isExpired(refusal), client.credentials.renew() {
      throw StoreOutage("the queue \(address.name) answers \(words)")
    }
    throw StoreFault.operatorError("the queue \(address.name)", words, refusal)
  }
}
