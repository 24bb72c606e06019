// Safety: as `FuzzTarget`.

import Attribution

@testable import Codec
@testable import Configuration
@testable import Inputs

/// Records in Protobuf.
struct ProtobufTarget: FuzzTarget {
  static let name = "protobuf"

  static let schema = #"""
    syntax = "proto2";
    package types;
    message All {
      optional double a_double = 1; optional float a_float = 2;
      optional int32 an_int32 = 3; optional int64 an_int64 = 4;
      optional uint64 a_uint64 = 6; optional sint32 a_sint32 = 7; optional sint64 a_sint64 = 8;
      optional fixed32 a_fixed32 = 9; optional sfixed64 a_sfixed64 = 12;
      optional bool a_bool = 13; optional string a_string = 14; optional bytes some_bytes = 15;
      optional Colour colour = 16 [default = RED];
      repeated int32 packed = 17 [packed = true]; repeated int32 unpacked = 18;
      map<int32, Inner> inners = 19;
      repeated group Part = 20 { optional string name = 1; optional int32 size = 2; }
      optional google.protobuf.Timestamp ts = 21;
      repeated Param params = 22;
      message Inner { optional string text = 1; optional All again = 2; }
      message Param { optional string key = 1; oneof value { string text = 2; int64 number = 3; } }
    }
    import "google/protobuf/timestamp.proto";
    enum Colour { option allow_alias = true; NONE = 0; RED = 1; ROUGE = 1; BLUE = -2; }
    """#

  private static let fields = [
    #"{event_id: a_string, user_id: an_int64, event_time: ts, campaign_id: colour, cost: a_double}"#,
    #"{event_id: some_bytes, user_id: inners.3.again.a_string, event_time: a_sfixed64, campaign_id: "params[key=a].text", channel: "part[1].name"}"#,
    #"{event_id: a_uint64, user_id: "packed[1]", event_time: a_sint64, campaign_id: a_bool, cost: a_float, session_id: a_fixed32}"#,
  ]

  static var seeds: [[UInt8]] {
    let record: [UInt8] =
      [9, 0, 0, 0, 0, 0, 0, 0xE0, 0x3F, 21, 0, 0, 0xC0, 0x3F, 24, 5, 32, 7, 48, 9, 56, 3, 64]
      + [0x80, 0x80, 1, 77, 7, 0, 0, 0, 97, 1, 0, 0, 0, 0, 0, 0, 0, 104, 1, 114, 1, 0x65, 122, 1]
      + [0x66, 128, 1, 1, 138, 1, 2, 1, 2, 144, 1, 5, 154, 1, 9, 8, 3, 18, 5, 18, 3, 114, 1, 0x75]
      + [163, 1, 10, 1, 0x78, 16, 2, 164, 1, 170, 1, 6, 8, 0xEC, 0xFB, 0xEB, 0xCA, 6]
      + [178, 1, 6, 10, 1, 0x61, 18, 1, 0x62]
    return (0..<UInt8(fields.count)).flatMap {
      [[$0] + record, [$0 + UInt8(fields.count), 0, 0, 0, 0, 1, 0] + record]
    }
  }

  private var decoders: [InputDecoder]

  init() {
    let schema = WriterSchema.protobuf(
      try! ProtoSchema(text: Self.schema) { name throws(InputError) in throw InputError(name) })
    decoders = [false, true].flatMap { needsFrame in
      Self.fields.map { try! decoder("protobuf", $0, schema, needsFrame: needsFrame) }
    }
  }

  mutating func run(_ input: UnsafeRawBufferPointer) {
    guard let (choice, value) = input.chosen else { return }
    decode(value, with: &decoders[choice % decoders.count])
  }
}

/// Schemas of Protobuf, as texts and as descriptor sets, and records under them.
struct ProtobufSchemaTarget: FuzzTarget {
  static let name = "protobuf-schema"

  static var seeds: [[UInt8]] {
    let texts = [
      ProtobufTarget.schema,
      #"edition = "2023"; message A { string id = 1 [features.field_presence = IMPLICIT]; reserved 2 to max; }"#,
      "syntax = \"proto3\"; /* x */ message A { B b = 0x1; enum B { C = -1; } extend A { } } // y",
    ]
    let record = ProtobufTarget.seeds[0].dropFirst()
    let descriptors: [UInt8] = [
      10, 24, 10, 1, 0x61, 34, 11, 10, 1, 0x41, 18, 6, 10, 1, 0x62, 24, 1, 40, 9, 98, 6, 0x70,
      0x72, 0x6F, 0x74, 0x6F, 0x33,
    ]
    return texts.map { [0] + Array($0.utf8) + [0] + record }
      + [[1, UInt8(descriptors.count)] + descriptors + record]
  }

  func run(_ input: UnsafeRawBufferPointer) {
    guard let (choice, rest) = input.chosen else { return }
    var schema: ProtoSchema?
    var record = UnsafeRawBufferPointer(start: nil, count: 0)
    if choice % 2 == 1 {
      guard let (descriptors, value) = rest.pair else { return }
      schema = try? ProtoSchema(descriptorSet: Array(descriptors))
      record = value
    } else {
      let end = rest.firstIndex(of: 0) ?? rest.count
      let text = String(decoding: rest[..<end], as: UTF8.self)
      schema = try? ProtoSchema(text: text) { name throws(InputError) in throw InputError(name) }
      record = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
    }
    guard let schema,
      var decoder = try? decoder(
        "protobuf", "{event_id: id, user_id: b, event_time: ts, channel: \"params[key=a].text\"}",
        .protobuf(schema))
    else { return }
    decode(record, with: &decoder)
  }
}
