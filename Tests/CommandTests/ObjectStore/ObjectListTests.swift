import CZstd
import Foundation
import SQLite
import TestServers
import Testing

/// Objects of a prefix, whatever they are and however many.
@Suite(.enabled(if: MotoServer.program != nil, Comment(rawValue: MotoServer.advice)))
struct ObjectListTests {
  @Test func objectsBehindTheFirstThousandKeysAreTaken() throws {
    let world = try ObjectWorld()
    let file = world.folder.url.appendingPathComponent("empty")
    try Data().write(to: file)
    // Hidden names are not taken, but fill the first page of the list.
    try world.moto.put((0..<1_003).map { "\(world.bucket)/in/.hidden-\($0)" }, file: file.path)
    try world.put("in/clicks%201.jsonl", ObjectWorld.clicks(0..<10))
    try world.put("in/clicks+2.jsonl", ObjectWorld.clicks(10..<20))
    try world.put("other/clicks.jsonl", ObjectWorld.clicks(20..<30))
    let result = try world.ingest("s3://\(world.bucket)/in/", "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains(#""taken":2,"#), "\(result.output)")
    #expect(try world.clicks() == Array(0..<20))
  }

  /// Its parts come one after another, twice: it is not kept.
  @Test func anObjectOfManyPartsIsTakenWhole() throws {
    let world = try ObjectWorld()
    let padding = String(repeating: "x", count: 30_000)
    let lines = (0..<800).map { number in
      #"{"padding":"\#(padding)","event_id":"k-\#(number)","user_id":"u","event_time":1767571570250,"campaign_id":"c"}"#
        + "\n"
    }
    try world.put("clicks.jsonl", lines.joined())
    let result = try world.ingest("s3://\(world.bucket)/clicks", "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try world.clicks() == Array(0..<800))
  }

  @Test func aDatabaseInAnObjectIsCopiedAndTheCopyDeleted() throws {
    let world = try ObjectWorld()
    let path = world.folder.url.appendingPathComponent("shop.sqlite").path
    let database = try SQLiteDatabase(path, .readWrite)
    try database.execute(
      """
      CREATE TABLE clicks (event_id TEXT, user_id TEXT, event_time INTEGER, campaign_id TEXT);
      INSERT INTO clicks VALUES ('k-1', 'u', 1767571570250, 'c'), ('k-2', 'u', 1767571570250, 'c');
      """)
    database.close()
    try world.moto.s3("PUT", "\(world.bucket)/shop.sqlite", file: path)
    let temporary = try world.folder.make("tmp")
    var program = world.cluster.program
    program.environment["TMPDIR"] = temporary.path
    let result = try program.run(
      "ingest", "--endpoint", world.moto.address, "s3://\(world.bucket)/shop", "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try world.clicks() == [1, 2])
    let left = try FileManager.default.contentsOfDirectory(atPath: temporary.path)
    #expect(left.filter { $0.hasPrefix("tributary-") }.isEmpty, "\(left)")
  }

  /// moto checks every signature, and what the key's owner may do.
  @Test func requestsAreSignedAndRefusalsNameTheirReason() throws {
    let moto = try MotoServer()
    defer { moto.stop() }
    var world = try ObjectWorld(moto)
    try world.put("clicks%20a%2Bb%28%27%29%21%C3%BC.jsonl", ObjectWorld.clicks(0..<10))
    try world.put("clicks-denied.jsonl", ObjectWorld.clicks(10..<20))
    try world.send(world.notification("clicks-denied.jsonl"))
    try world.send(world.notification("clicks+a%2Bb%28%27%29%21%C3%BC.jsonl"))
    let key = try owner(moto, denied: "\(world.bucket)/clicks-denied.jsonl")
    world.cluster.program.environment["AWS_ACCESS_KEY_ID"] = key.id
    world.cluster.program.environment["AWS_SECRET_ACCESS_KEY"] = key.secret
    _ = try runTool(
      "curl",
      ["-sSf", "-d", "0", "-H", "Content-Type: text/plain", moto.address + "/moto-api/reset-auth"])
    let result = try world.ingestQueue("--json", "--rejected", "s3://\(world.bucket)/r p+t")
    #expect(result.status == 1)
    #expect(
      result.output.contains(#""taken":1,"known":0,"rejected":0,"failed":1"#),
      "\(result.output) \(result.errors)")
    #expect(
      result.errors.contains("clicks-denied.jsonl may not be read (403 AccessDenied"),
      "\(result.errors)")
    #expect(result.errors.contains("see s3://\(world.bucket)/r p+t/"), "\(result.errors)")
    let listed = try world.ingest("s3://\(world.bucket)/clicks ", "--json")
    #expect(listed.output.contains(#""known":1"#), "\(listed.output) \(listed.errors)")
    world.cluster.program.environment["AWS_SECRET_ACCESS_KEY"] = "a-wrong-secret"
    let wrong = try world.ingest("s3://\(world.bucket)/clicks")
    #expect(wrong.status == 1)
    #expect(
      wrong.errors.contains("the object store answers 403 SignatureDoesNotMatch"), "\(wrong.errors)"
    )
    #expect(!wrong.errors.contains("a-wrong-secret") && !wrong.errors.contains(key.id))
  }

  /// A user of IAM who may do everything but read one object.
  private func owner(_ moto: MotoServer, denied: String) throws -> (id: String, secret: String) {
    func iam(_ action: String, _ more: String...) throws -> String {
      try runTool(
        "curl",
        ["-sSf", "--aws-sigv4", "aws:amz:us-east-1:iam", "-u", "test:test"]
          + (["Action=\(action)", "Version=2010-05-08", "UserName=u"] + more).flatMap {
            ["--data-urlencode", $0]
          } + [moto.address + "/"])
    }
    _ = try iam("CreateUser")
    let policy = """
      {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sqs:*"],"Resource":"*"},\
      {"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::\(denied)"}]}
      """
    _ = try iam("PutUserPolicy", "PolicyName=p", "PolicyDocument=\(policy)")
    let answer = try iam("CreateAccessKey")
    func text(_ name: String) throws -> String {
      let match = try Regex("<\(name)>([^<]+)<").firstMatch(in: answer)
      guard let found = match?.output[1].substring else { throw ToolFailure(description: answer) }
      return String(found)
    }
    return (try text("AccessKeyId"), try text("SecretAccessKey"))
  }

  @Test func aWebIdentityIsTradedForCredentials() throws {
    let world = try ObjectWorld()
    try world.put("clicks.jsonl", ObjectWorld.clicks(0..<10))
    let token = world.folder.url.appendingPathComponent("token")
    try Data("header.claims.signature\n".utf8).write(to: token)
    var program = world.cluster.program
    program.environment["AWS_ACCESS_KEY_ID"] = nil
    program.environment["AWS_SECRET_ACCESS_KEY"] = nil
    program.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = token.path
    program.environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/reader"
    program.environment["AWS_ENDPOINT_URL_STS"] = world.moto.address
    program.environment["AWS_ENDPOINT_URL_S3"] = world.moto.address
    let result = try program.run("ingest", "s3://\(world.bucket)/clicks")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try world.clicks() == Array(0..<10))
    program.environment["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:1"
    program.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = token.path + "-missing"
    let without = try program.run("ingest", "s3://\(world.bucket)/clicks")
    #expect(without.status == 1)
    #expect(without.errors.contains("the web identity's token cannot be read"), "\(without.errors)")
  }
}

/// Bytes as one frame of zstd.
func zstd(_ bytes: [UInt8]) -> [UInt8] {
  var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let count = ZSTD_compress(&packed, packed.count, bytes, bytes.count, 3)
  return Array(packed[..<count])
}

/// Bytes as a gzip file, by gzip(1).
func gzip(_ bytes: [UInt8], _ folder: TemporaryFolder) throws -> [UInt8] {
  let file = folder.url.appendingPathComponent("packed-\(UUID())")
  try Data(bytes).write(to: file)
  _ = try runTool("gzip", [file.path])
  return Array(try Data(contentsOf: file.appendingPathExtension("gz")))
}
