import Attribution
import Codec
import Foundation
import TestServers
import Testing

@testable import Configuration
@testable import Inputs

/// What fastavro and protobuf have written is read, to the last digit.
@Suite struct FormatTests {
  private let formats = try! Formats.load()

  /// The texts under paths, as a locator finds them.
  private func texts(
    _ paths: [String], _ locate: (PathTree, LocatedValues) -> Bool
  ) throws -> [String: String] {
    var tree = PathTree()
    let slots = try paths.map { path -> Int in
      guard case .value(let steps) = try FieldPath(text: path) else { return 0 }
      return tree.insert(steps.map(PathStep.init))
    }
    tree.finish()
    let values = LocatedValues(count: tree.slotCount)
    #expect(locate(tree, values))
    var texts: [String: String] = [:]
    for (path, slot) in zip(paths, slots) {
      texts[path] = values[slot].map { values.arena.text(of: $0.span) }
    }
    return texts
  }

  @Test func everyTypeOfAvroIsRead() throws {
    let schema = try AvroSchema(text: #require(formats.avroTypes.schema))
    let expected = formats.avroTypes.texts
    let found = try texts(Array(expected.keys) + ["numbers.9", "nested.x.z", "tree.nothing"]) {
      tree, values in
      let reader = AvroReader(schema, tree, values)
      return formats.avroTypes.value.withUnsafeBytes { reader.locate(BorrowedBytes($0)) }
    }
    #expect(found == expected)
  }

  @Test(arguments: ["types.proto", "types.desc"])
  func everyTypeOfProtobufIsRead(file: String) throws {
    let schema =
      try file == "types.proto"
      ? ProtoSchema(text: Formats.text(file)) { name throws(InputError) in throw InputError(name) }
      : ProtoSchema(descriptorSet: Array(formats.typesDescriptors))
    let expected = formats.protobufTypes.texts
    let found = try texts(Array(expected.keys) + ["absent", "packed.9", "inners.5.text"]) {
      tree, values in
      let reader = ProtoReader(schema, message: schema.message(at: [0])!, tree, values)
      return formats.protobufTypes.value.withUnsafeBytes { reader.locate(BorrowedBytes($0)) }
    }
    #expect(found == expected)
  }

  @Test func theEarliestTimeThatAnIntegerHoldsIsRoundedDown() {
    #expect(ValueText.milliseconds(.min, digits: 6) == -9_223_372_036_854_776)
    #expect(ValueText.milliseconds(-1, digits: 9) == -1)
    #expect(ValueText.milliseconds(1_999, digits: 6) == 1)
  }

  @Test func aNumberWithTwoSignsIsRefused() {
    let error = #expect(throws: InputError.self) {
      try ProtoSchema(text: "message A { optional string a = -0x-8000000000000000; }") {
        name throws(InputError) in throw InputError(name)
      }
    }
    #expect(error?.description.contains("a number") == true)
  }

  @Test func bothFormsOfAProtobufSchemaSayTheSame() throws {
    let people = try Formats.text("people.proto")
    let text = try ProtoSchema(text: Formats.text("shop.proto")) { _ throws(InputError) in people }
    let set = try ProtoSchema(descriptorSet: Array(formats.shopDescriptors))
    func shape(_ schema: ProtoSchema) -> [String] {
      schema.messages.flatMap { message in
        message.fields.map { field in
          "\(message.fullName).\(field.name) \(field.jsonName) \(field.number) \(field.isRepeated) "
            + "\(field.hasPresence) \(message.isMapEntry)"
        }
      }.filter { !$0.hasPrefix("google.") }.sorted()
    }
    #expect(shape(text) == shape(set))
    #expect(text.message(at: [1, 2]).map { text.messages[$0].fullName } == "shop.Envelope.Order")
    #expect(text.message(at: [1, 9]) == nil && text.message(at: [7]) == nil)
    var chosen = text
    try chosen.choose("Envelope.Cost")
    #expect(chosen.chosen == [1, 3])
    #expect(throws: InputError.self) { try chosen.choose("Nobody") }
  }

  @Test func fieldsThatAreNotWrittenAreTheirTypesZeroUnlessTheyHavePresence() throws {
    let schema = try ProtoSchema(
      text: """
        syntax = "proto3";
        enum Kind { FIRST = 0; }
        message M { int32 n = 1; optional int32 m = 2; Kind kind = 3; bool flag = 4; string s = 5;
          oneof o { int32 p = 6; } repeated int32 list = 7; N inner = 8; }
        message N { int32 n = 1; }
        """
    ) { name throws(InputError) in throw InputError(name) }
    let paths = ["n", "m", "kind", "flag", "s", "p", "list.0", "inner.n"]
    let found = try texts(paths) { tree, values in
      ProtoReader(schema, message: 0, tree, values).locate(.empty)
    }
    #expect(found == ["n": "0", "kind": "FIRST", "flag": "false"])
  }

  @Test func schemasThatCannotBeReadSayWhy() {
    let avro: [(String, String)] = [
      ("{", "not JSON"), (#"{"type":"recor"}"#, "names recor"),
      (#"{"type":"record","name":"R","fields":[{"name":"a","type":"B"}]}"#, "names B"),
      (#"{"type":"enum","name":"E"}"#, "no symbols"), ("[]", "empty union"),
      (String(repeating: #"{"type":"array","items":"#, count: 300) + "1", "not JSON"),
    ]
    for (text, reason) in avro {
      let error = #expect(throws: InputError.self) { try AvroSchema(text: text) }
      #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
    let deep =
      String(repeating: #"{"type":"array","items":"#, count: 300) + "\"int\""
      + String(repeating: "}", count: 300)
    #expect(throws: InputError.self) { try AvroSchema(text: deep) }
    let proto: [(String, String)] = [
      ("message M { int32 n = 0; }", "a field's number"),
      ("message M { Unknown n = 1; }", "names Unknown"),
      ("message M { int32 n = 1;", "a name"), ("syntax = \"proto3\";", "no message"),
      ("messag M {}", "at its top"),
      ("import \"x.proto\"; message M {}", "x.proto"),
      (String(repeating: "message M { ", count: 100), "too deeply"),
    ]
    for (text, reason) in proto {
      let error = #expect(throws: InputError.self) {
        try ProtoSchema(text: text) { name throws(InputError) in throw InputError(name) }
      }
      #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
  }

  // MARK: Hostile records

  /// Every cut of a record, and every byte of it changed: read or refused, and never beyond its end.
  @Test func damagedRecordsAreReadOrRefused() throws {
    let registry = try StubRegistry(formats)
    defer { registry.stop() }
    let client = try SchemaRegistry(#require(RegistryAddress(registry.url)))
    var avro = try Topic("format: avro, " + Forms.avro(.click).entry, registry: client)
    var proto = try Topic("format: protobuf, " + Forms.protobuf(.click).entry, registry: client)
    var refused = 0
    for event in formats.events.filter({ $0.kind == "click" }).prefix(4) {
      for (isAvro, bytes) in [(true, Array(event.avro)), (false, Array(event.protobuf))] {
        var variants = (0..<bytes.count).map { Array(bytes[..<$0]) }
        for index in 7..<bytes.count {
          for change: UInt8 in [0x80, 0x7F, 1] {
            var copy = bytes
            copy[index] ^= change
            variants.append(copy)
          }
        }
        for variant in variants {
          // An exact copy, so that a read beyond its end is one beyond an allocation.
          let result = isAvro ? try avro.read(variant) : try proto.read(variant)
          if case .rejected = result { refused += 1 }
        }
      }
    }
    #expect(refused > 1_000)
  }

  @Test func recordsThatClaimToBeEndlessAreRefused() throws {
    var tree = PathTree()
    _ = tree.insert([.name("next"), .name("next"), .name("n")])
    tree.finish()
    let values = LocatedValues(count: tree.slotCount)
    let list = try AvroSchema(
      text: #"{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]}"#)
    let nothing = try AvroSchema(text: #"{"type":"array","items":"null"}"#)
    // Lists within lists, as deep as the record is long.
    let deep = [UInt8](repeating: 2, count: 60_000) + [0]
    #expect(!deep.withUnsafeBytes { AvroReader(list, tree, values).locate(BorrowedBytes($0)) })
    // 2^62 elements of no bytes.
    let many: [UInt8] = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0]
    #expect(!many.withUnsafeBytes { AvroReader(nothing, tree, values).locate(BorrowedBytes($0)) })
    let schema = try ProtoSchema(text: "message M { optional M next = 1; optional int32 n = 2; }") {
      name throws(InputError) in throw InputError(name)
    }
    var nested: [UInt8] = []
    for _ in 0..<5_000 {
      var length: [UInt8] = []
      var rest = nested.count
      while rest > 127 {
        length.append(UInt8(rest & 127 | 128))
        rest >>= 7
      }
      nested = [0x0A] + length + [UInt8(rest)] + nested
    }
    // What nobody wants is not gone into.
    #expect(
      nested.withUnsafeBytes {
        ProtoReader(schema, message: 0, tree, values).locate(BorrowedBytes($0))
      })
    // Groups within groups.
    let groups = [UInt8](repeating: 0x1B, count: 60_000)
    #expect(
      !groups.withUnsafeBytes {
        ProtoReader(schema, message: 0, tree, values).locate(BorrowedBytes($0))
      })
  }
}
