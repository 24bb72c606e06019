import Attribution
import Codec
import Foundation
import Testing

@testable import Configuration
@testable import Inputs

/// `version`, `deleted` and `original_time` say the same in every form.
@Suite struct VersionFormTests {
  private static let time: Milliseconds = 1_767_571_262_345
  private static let fields = """
    fields: {event_id: number, user_id: customer, event_time: {path: at, unit: ms}, \
    original_time: {path: was, unit: us}, version: rev, deleted: cancelled, value: total}
    """

  /// What is to be read, and the numbers that say it: microseconds of `was`, if there.
  private static let cases: [(version: Int32, isDeleted: Bool, was: Int64?)] = [
    (0, false, nil), (1, false, 1_767_571_200_123_999), (7, true, nil),
    (.max, true, 946_684_800_000_000),
  ]

  private func expectSame(
    _ topic: inout Topic, sourceLocation: SourceLocation = #_sourceLocation,
    _ record: ((version: Int32, isDeleted: Bool, was: Int64?)) -> [UInt8]
  ) throws {
    for one in Self.cases {
      var expected = OwnedEvent(
        .conversion, id: "o-1", user: "u", at: Self.time, amount: 12_500_000)
      expected.version = one.version
      expected.isDeleted = one.isDeleted
      expected.originalTime = one.was.map { $0 / 1_000 }
      #expect(
        try topic.read(record(one)) == .event(expected), "\(one)", sourceLocation: sourceLocation)
    }
  }

  private static func json(_ one: (version: Int32, isDeleted: Bool, was: Int64?)) -> [UInt8] {
    let was = one.was.map(String.init) ?? "null"
    return Array(
      #"{"number":"o-1","customer":"u","at":\#(time),"was":\#(was),"rev":\#(one.version),"cancelled":\#(one.isDeleted),"total":12.5}"#
        .utf8)
  }

  private static func zigzag(_ value: Int64) -> [UInt8] {
    varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (bytes, rest): ([UInt8], UInt64) = ([], value)
    while rest > 0x7F {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private func file(_ name: String, _ text: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent(name).path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test func mappedJSONAndFramedJSON() throws {
    var topic = try Topic("kind: conversion, \(Self.fields)")
    try expectSame(&topic) { Self.json($0) }
    try expectSame(&topic) { [0, 0, 0, 0, 9] + Self.json($0) }
  }

  @Test func ourOwnForm() throws {
    var topic = try Topic("kind: conversion")
    for one in Self.cases {
      let was = one.was.map { "\($0 / 1_000)" } ?? "null"
      var expected = OwnedEvent(
        .conversion, id: "o-1", user: "u", at: Self.time, amount: 12_500_000)
      expected.version = one.version
      expected.isDeleted = one.isDeleted
      expected.originalTime = one.was.map { $0 / 1_000 }
      let record =
        #"{"event_id":"o-1","user_id":"u","event_time":\#(Self.time),"value":"12.5","version":\#(one.version),"deleted":\#(one.isDeleted),"original_time":\#(was)}"#
      #expect(try topic.read(record) == .event(expected))
    }
  }

  @Test func avro() throws {
    let schema = try file(
      "order.avsc",
      """
      {"type":"record","name":"Order","fields":[{"name":"number","type":"string"},{"name":"customer","type":"string"},\
      {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},\
      {"name":"was","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},\
      {"name":"rev","type":"int"},{"name":"cancelled","type":"boolean"},\
      {"name":"total","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}}]}
      """)
    var topic = try Topic("kind: conversion, format: avro, schema: \(schema), \(Self.fields)")
    try expectSame(&topic) { one in
      [6] + Array("o-1".utf8) + [2] + Array("u".utf8) + Self.zigzag(Self.time)
        + (one.was.map { [2] + Self.zigzag($0) } ?? [0]) + Self.zigzag(Int64(one.version))
        + [one.isDeleted ? 1 : 0] + [4, 0x04, 0xE2]
    }
  }

  @Test func protobuf() throws {
    let schema = try file(
      "order.proto",
      """
      syntax = "proto3";
      message Order { string number = 1; string customer = 2; int64 at = 3; optional int64 was = 4; int32 rev = 5;
        bool cancelled = 6; string total = 7; }
      """)
    var topic = try Topic("kind: conversion, format: protobuf, schema: \(schema), \(Self.fields)")
    try expectSame(&topic) { one in
      [0x0A, 3] + Array("o-1".utf8) + [0x12, 1] + Array("u".utf8) + [0x18]
        + Self.varint(UInt64(Self.time))
        + (one.was.map { [0x20] + Self.varint(UInt64($0)) } ?? [])
        // Zeros are not written.
        + (one.version > 0 ? [0x28] + Self.varint(UInt64(one.version)) : [])
        + (one.isDeleted ? [0x30, 1] : []) + [0x3A, 4] + Array("12.5".utf8)
    }
  }

  /// A topic of its own for what is taken back: the entry says so for all of its records.
  @Test func aConstantSaysThatEventsAreTakenBack() throws {
    var topic = try Topic(
      "kind: conversion, where: {status: cancelled}, fields: {deleted: {value: true}, version: {value: 1}}",
      "kind: conversion, where: {status: paid}")
    func read(_ status: String) throws -> OwnedEvent? {
      let record =
        #"{"status":"\#(status)","event_id":"o","user_id":"u","event_time":\#(Self.time),"value":1}"#
      guard case .event(let event) = try topic.read(record) else { return nil }
      return event
    }
    #expect(try read("paid")?.isDeleted == false)
    let cancelled = try read("cancelled")
    #expect(cancelled?.isDeleted == true && cancelled?.version == 1)
  }
}
