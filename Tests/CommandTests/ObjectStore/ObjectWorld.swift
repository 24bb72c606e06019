import Foundation
import TestServers

/// A bucket, a queue and topics of a test's own.
struct ObjectWorld {
  let moto: MotoServer
  let bucket: String
  let queue: String
  let deadLetters: String
  var cluster: Cluster
  let folder: TemporaryFolder

  /// - Parameter visibility: seconds for which the queue hides messages.
  init(
    _ moto: MotoServer? = nil, fifo: Bool = false, visibility: Int = 30, deliveries: Int = 100
  ) throws {
    self.moto = try moto ?? MotoServer.shared.get()
    let name = "o\(UUID())".lowercased()
    bucket = name
    cluster = try Cluster(partitions: 2)
    cluster.program.environment.merge(MotoServer.environment) { $1 }
    folder = try TemporaryFolder()
    let ending = fifo ? ".fifo" : ""
    let kind = fifo ? ["FifoQueue": "true"] : [:]
    deadLetters = try self.moto.makeQueue("\(name)-dead\(ending)", kind)
    let redrive =
      #"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:\#(name)-dead\#(ending)","#
      + #""maxReceiveCount":"\#(deliveries)"}"#
    queue = try self.moto.makeQueue(
      "\(name)\(ending)",
      kind.merging(["VisibilityTimeout": "\(visibility)", "RedrivePolicy": redrive]) { $1 })
    try self.moto.s3("PUT", bucket)
  }

  /// Lines of clicks with these numbers for ids.
  static func clicks(_ numbers: Range<Int>) -> String {
    numbers.map {
      #"{"event_id":"k-\#($0)","user_id":"u-\#($0 % 7)","event_time":1767571570250,"campaign_id":"c"}"#
        + "\n"
    }.joined()
  }

  /// Puts an object.
  ///
  /// - Parameter path: of its key, encoded.
  func put(_ path: String, _ bytes: [UInt8]) throws {
    let file = folder.url.appendingPathComponent("object")
    try Data(bytes).write(to: file)
    try moto.s3("PUT", "\(bucket)/\(path)", file: file.path)
  }

  func put(_ path: String, _ text: String) throws { try put(path, Array(text.utf8)) }

  /// S3's notification of an object.
  ///
  /// - Parameter key: as it stands there, URL-encoded.
  func notification(_ key: String, more: String = "") -> String {
    """
    {"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1",\
    "eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"\(bucket)"},\
    "object":{"key":"\(key)","size":1\(more)}}}]}
    """
  }

  func send(_ body: String, group: String? = nil) throws {
    try moto.send(body, to: queue, group: group)
  }

  func ingest(_ arguments: String..., timeout: Double = 60) throws -> Program.Result {
    try cluster.program.run(
      arguments: ["ingest", "--endpoint", moto.address] + arguments, timeout: timeout)
  }

  /// Takes what is in the queue.
  func ingestQueue(_ arguments: String..., timeout: Double = 60) throws -> Program.Result {
    try cluster.program.run(
      arguments: ["ingest", "--endpoint", moto.address, "--queue", queue, "--exit-at-end"]
        + arguments, timeout: timeout)
  }

  /// The numbers of all clicks in the topic, in their order of value, with those that came twice.
  func clicks() throws -> [Int] {
    try cluster.records(of: "\(cluster.prefix)-clicks").compactMap { record in
      let text = String(decoding: record.value ?? [], as: UTF8.self)
      return text.firstMatch(of: #/"event_id":"k-(\d+)"/#).flatMap { Int($0.output.1) }
    }.sorted()
  }
}
