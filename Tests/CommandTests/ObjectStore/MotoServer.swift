import Foundation
import TestServers

/// moto's server: S3, SQS, SNS, IAM and STS in memory, on a port of its own.
final class MotoServer: @unchecked Sendable {
  /// The program, where it is installed: `TRIBUTARY_TEST_MOTO` names it.
  static let program = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_MOTO"].flatMap {
    FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil
  }
  static let advice: String =
    "TRIBUTARY_TEST_MOTO does not name moto's server: pip install 'moto[server]' brings it"

  /// One that tests share; each has buckets and queues of its own.
  static let shared = Result { try MotoServer() }

  private let process: Process
  let address: String

  init() throws {
    let folder = try TemporaryFolder()
    let output = folder.url.appendingPathComponent("output")
    try Data().write(to: output)
    process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // It ends with the tests, however these end.
    process.arguments = [
      "-c",
      """
      "$0" -H 127.0.0.1 -p 0 & server=$!
      trap 'kill $server; exit' TERM
      while kill -0 "$1" 2>/dev/null; do sleep 1 & wait $!; done
      kill $server
      """, MotoServer.program ?? "", "\(ProcessInfo.processInfo.processIdentifier)",
    ]
    process.standardInput = FileHandle.nullDevice
    let file = try FileHandle(forWritingTo: output)
    process.standardOutput = file
    process.standardError = file
    try process.run()
    for _ in 0..<600 {
      if let match = folder.text("output").firstMatch(of: #/Running on (http://127\S+?:\d+)/#) {
        address = String(match.output.1)
        return
      }
      usleep(50_000)
    }
    process.terminate()
    throw ToolFailure(description: "moto's server does not start: \(folder.text("output"))")
  }

  deinit { stop() }

  func stop() { if process.isRunning { process.terminate() } }

  /// What the program needs to be let in.
  static let environment = [
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
    // No profile of whoever runs the tests.
    "HOME": "/nonexistent",
  ]

  // MARK: S3

  @discardableResult
  func s3(_ method: String, _ path: String, body: String = "", file: String? = nil) throws
    -> String
  {
    var arguments = ["-X", method]
    if let file {
      arguments += ["-T", file]
    } else if method != "GET" {
      arguments += ["--data-binary", body, "-H", "Content-Type: application/octet-stream"]
    }
    return try curl("s3", arguments + [address + "/" + path])
  }

  /// Puts objects whose encoded names are in the order of the URLs, all with the same content.
  func put(_ paths: [String], file: String) throws {
    let folder = try TemporaryFolder()
    let lines = paths.map { "url = \"\(address)/\($0)\"\nupload-file = \"\(file)\"" }
    let list = folder.url.appendingPathComponent("urls")
    try Data(lines.joined(separator: "\n").utf8).write(to: list)
    _ = try curl("s3", ["-Z", "--parallel-max", "8", "-K", list.path])
  }

  // MARK: SQS

  /// Makes a queue; returns its URL.
  func makeQueue(_ name: String, _ attributes: [String: String]) throws -> String {
    let answer = try sqs("CreateQueue", ["QueueName": name, "Attributes": attributes])
    guard let url = answer["QueueUrl"] as? String else {
      throw ToolFailure(description: "no queue: \(answer)")
    }
    return url
  }

  func send(_ body: String, to queue: String, group: String? = nil) throws {
    var call: [String: Any] = ["QueueUrl": queue, "MessageBody": body]
    if let group {
      call["MessageGroupId"] = group
      call["MessageDeduplicationId"] = "\(UUID())"
    }
    let answer = try sqs("SendMessage", call)
    guard answer["MessageId"] != nil else { throw ToolFailure(description: "not sent: \(answer)") }
  }

  /// Messages that are visible, and those that are hidden.
  func counts(_ queue: String) throws -> (visible: Int, hidden: Int) {
    let answer = try sqs("GetQueueAttributes", ["QueueUrl": queue, "AttributeNames": ["All"]])
    let attributes = answer["Attributes"] as? [String: String] ?? [:]
    func count(_ name: String) -> Int { Int(attributes[name] ?? "") ?? -1 }
    return (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible"))
  }

  @discardableResult
  func sqs(_ action: String, _ call: [String: Any]) throws -> [String: Any] {
    let body = try JSONSerialization.data(withJSONObject: call)
    let answer = try curl(
      "sqs",
      [
        "--data-binary", String(decoding: body, as: UTF8.self), "-H",
        "Content-Type: application/x-amz-json-1.0", "-H", "X-Amz-Target: AmazonSQS.\(action)",
        address + "/",
      ])
    guard !answer.isEmpty else { return [:] }
    return try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any] ?? [:]
  }

  private func curl(_ service: String, _ arguments: [String]) throws -> String {
    try runTool(
      "curl",
      [
        "-sS", "-m", "30", "--path-as-is", "--aws-sigv4", "aws:amz:us-east-1:\(service)", "-u",
        "test:test",
      ] + arguments)
  }
}
