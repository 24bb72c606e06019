import Attribution
import Codec
import Configuration
import Foundation
import TestServers
import Testing

@testable import Inputs

/// The registry is asked little, waited for within limits, and its answers are told from its silence.
@Suite struct RegistryTests {
  private static let schema =
    #"{"schema":"{\"type\":\"record\",\"name\":\"E\",\"fields\":[{\"name\":\"event_id\",\"type\":\"string\"}]}"}"#

  private static var quick: SchemaRegistry.Limits {
    var limits = SchemaRegistry.Limits()
    limits.timeout = 300
    limits.pause = 10
    return limits
  }

  private func client(
    _ url: String, _ limits: SchemaRegistry.Limits = quick
  ) throws -> SchemaRegistry {
    try SchemaRegistry(#require(RegistryAddress(url)), limits: limits)
  }

  @Test func eachSchemaIsAskedForOnceWhoeverNeedsIt() throws {
    let stub = try StubRegistry { _, _ in .init(body: Self.schema, delay: 0.05) }
    defer { stub.stop() }
    let registry = try client(stub.url)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for id: Int32 in [1, 2, 1] { #expect((try? registry.schema(id)) != nil) }
    }
    #expect(stub.requests.map(\.path).sorted() == ["/schemas/ids/1", "/schemas/ids/2"])
  }

  @Test func userAndPasswordGoWithTheQuestion() throws {
    let stub = try StubRegistry { _, _ in .init(body: Self.schema) }
    defer { stub.stop() }
    let registry = try client(stub.url.replacing("://", with: "://me:p%40ss@"))
    _ = try registry.schema(1)
    #expect(stub.requests[0].authorization == "Authorization: Basic bWU6cEBzcw==")
  }

  @Test func whatPassesByItselfIsTriedAgain() throws {
    let stub = try StubRegistry { _, number in
      number == 1
        ? .init(status: 503)
        : number == 2 ? .init(body: "{}", delay: 0.6) : .init(body: Self.schema)
    }
    defer { stub.stop() }
    #expect(try client(stub.url).schema(1) != nil)
    #expect(stub.requests.count == 3)
  }

  @Test func silenceIsNoAnswer() throws {
    let stub = try StubRegistry { _, _ in .init(status: 500) }
    defer { stub.stop() }
    let registry = try client(stub.url.replacing("://", with: "://me:secret@"))
    let error = #expect(throws: SchemaUnavailable.self) { _ = try registry.schema(1) }
    #expect(error?.requiresOperator == false)
    #expect(error?.description.contains("gives no answer (it answers 500)") == true)
    #expect(error?.description.contains("secret") == false)
    // Nothing of it is remembered.
    #expect(throws: SchemaUnavailable.self) { _ = try registry.schema(1) }
    #expect(stub.requests.count == 6)
    let nobody = try client("http://127.0.0.1:1")
    #expect(throws: SchemaUnavailable.self) { _ = try nobody.schema(1) }
  }

  @Test(arguments: [401, 403, 302, 400])
  func refusalsNeedAnOperator(status: Int) throws {
    let stub = try StubRegistry { _, _ in .init(status: status) }
    defer { stub.stop() }
    let error = #expect(throws: SchemaUnavailable.self) { _ = try client(stub.url).schema(1) }
    #expect(error?.requiresOperator == true)
    #expect(stub.requests.count == 1)
  }

  @Test func anAddressThatIsNoRegistrysIsSaid() throws {
    for answer in [StubRegistry.Answer(status: 404, body: "Not here"), .init(body: "<html>")] {
      let stub = try StubRegistry { _, _ in answer }
      defer { stub.stop() }
      let error = #expect(throws: SchemaUnavailable.self) { _ = try client(stub.url).schema(1) }
      #expect(error?.requiresOperator == true)
    }
  }

  @Test func numbersThatAreNotKnownAreNotAskedForAgainForAWhile() throws {
    let stub = try StubRegistry { _, _ in StubRegistry.unknown }
    defer { stub.stop() }
    var limits = Self.quick
    limits.ignorance = 200
    let registry = try client(stub.url, limits)
    for _ in 0..<5 { #expect(try registry.schema(9) == nil) }
    #expect(stub.requests.count == 1)
    Thread.sleep(forTimeInterval: 0.25)
    #expect(try registry.schema(9) == nil)
    #expect(stub.requests.count == 2)
  }

  @Test func recordsOfSchemasThatNobodyKnowsAreDeadLetters() throws {
    let formats = try Formats.load()
    let stub = try StubRegistry(formats)
    defer { stub.stop() }
    let registry = try client(stub.url)
    let click = formats.events.first { $0.kind == "click" }!
    var avro = try Topic("format: avro, " + Forms.avro(.click).entry, registry: registry)
    var proto = try Topic("format: protobuf, " + Forms.protobuf(.click).entry, registry: registry)
    func changed(_ bytes: Data, _ id: UInt8) -> [UInt8] { [0, 0, 0, 0, id] + bytes.dropFirst(5) }
    for (number, reason) in [
      (77, RejectionReason.unknownSchema), (11, .unknownSchema), (12, .unknownSchema),
      (10, .unknownSchema),
    ] {
      #expect(try avro.read(changed(click.avro, UInt8(number))) == .rejected(reason))
    }
    #expect(registry.fault(12)?.contains("names recor") == true)
    #expect(try avro.read(changed(click.avro, 3)) == .rejected(.malformedAvro))
    #expect(try avro.read([1, 2, 3]) == .rejected(.malformedAvro))
    #expect(try proto.read(changed(click.protobuf, 1)) == .rejected(.unknownSchema))
    #expect(try proto.read([0, 0, 0, 0, 10, 4, 2, 98, 1]) == .rejected(.unknownSchema))
    #expect(try proto.read([0, 0, 0, 0, 10, 0xFF]) == .rejected(.malformedProtobuf))
    #expect(try proto.read([8, 1]) == .rejected(.malformedProtobuf))
    guard case .event = try avro.read(Array(click.avro)),
      case .event = try proto.read(Array(click.protobuf))
    else {
      Issue.record("a click that should be read")
      return
    }
  }
}
