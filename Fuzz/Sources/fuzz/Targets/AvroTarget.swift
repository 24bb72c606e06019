// Safety: as `FuzzTarget`.

import Attribution

@testable import Codec
@testable import Configuration
@testable import Inputs

/// One schema for whatever is asked for.
struct FixedSchema: SchemaSource {
  let schema: WriterSchema
  var needsFrame: Bool
  func schema(_ id: Int32) throws(SchemaUnavailable) -> WriterSchema? { id == 9 ? nil : schema }
}

/// A decoder of records with a schema.
func decoder(
  _ format: String, _ fields: String, _ schema: WriterSchema, needsFrame: Bool = false
) throws -> InputDecoder {
  let configuration = try Configuration.load(
    yaml: "schema_registry: http://nowhere\ninputs:\n"
      + "  - {topic: ads, kind: click, format: \(format), fields: \(fields)}\n")
  let plan = try InputPlan(
    topic: "ads", configuration.topicInputs, configuration,
    schemas: FixedSchema(schema: schema, needsFrame: needsFrame))
  return InputDecoder(plan, definitions: Definitions())
}

/// Records in Avro.
struct AvroTarget: FuzzTarget {
  static let name = "avro"

  static let schema = #"""
    {"type":"record","name":"All","fields":[
      {"name":"id","type":"string"},
      {"name":"user","type":["null",{"type":"record","name":"User","fields":[{"name":"id","type":["null","string","long"]}]}]},
      {"name":"ts","type":{"type":"long","logicalType":"timestamp-micros"}},
      {"name":"day","type":{"type":"int","logicalType":"date"}},
      {"name":"colour","type":{"type":"enum","name":"Colour","symbols":["RED","BLUE"]}},
      {"name":"cost","type":["null",{"type":"bytes","logicalType":"decimal","precision":30,"scale":8}]},
      {"name":"money","type":{"type":"fixed","name":"Money","size":12,"logicalType":"decimal","precision":28,"scale":8}},
      {"name":"uid","type":{"type":"fixed","name":"Uid","size":16,"logicalType":"uuid"}},
      {"name":"ratio","type":"double"},{"name":"small","type":"float"},{"name":"yes","type":"boolean"},
      {"name":"params","type":{"type":"array","items":{"type":"record","name":"Param","fields":[
        {"name":"key","type":"string"},{"name":"value","type":["null","long","string","bytes"]}]}}},
      {"name":"tags","type":{"type":"map","values":{"type":"map","values":"string"}}},
      {"name":"tree","type":{"type":"record","name":"Tree","fields":[
        {"name":"name","type":"string"},{"name":"child","type":["null","Tree"]}]}}]}
    """#

  private static let fields = [
    #"{event_id: id, user_id: user.id, event_time: ts, campaign_id: colour, cost: cost}"#,
    #"{event_id: uid, user_id: tree.child.child.name, event_time: day, campaign_id: "params[key=a].value", channel: tags.a.b, cost: money}"#,
    #"{event_id: ratio, user_id: small, event_time: ts, campaign_id: yes, session_id: "params[1].value", cost: ratio}"#,
  ]

  static var seeds: [[UInt8]] {
    // A record of the schema, written by hand: what stands for each field in turn.
    var record: [UInt8] = [2, 0x65]
    record += [2, 2, 2, 0x75]
    record.append(signed: 1_767_571_500_000_000)
    record.append(signed: 20_458)
    record += [2]
    record += [2, 6, 1, 0, 0]
    record += [UInt8](repeating: 0, count: 11) + [5]
    record += [UInt8](repeating: 0x12, count: 16)
    record += [0, 0, 0, 0, 0, 0, 0xF0, 0x3F] + [0, 0, 0x80, 0x3F] + [1]
    record += [2, 2, 0x61, 4, 2, 0x62, 0]
    record += [2, 2, 0x61, 2, 2, 0x62, 2, 0x63, 0, 0]
    record += [2, 0x74, 2, 2, 0x75, 2, 2, 0x76, 0]
    return (0..<UInt8(fields.count)).flatMap {
      [[$0] + record, [$0 + UInt8(fields.count), 0, 0, 0, 0, 1] + record]
    }
  }

  private var decoders: [InputDecoder]

  init() {
    let schema = WriterSchema.avro(try! AvroSchema(text: Self.schema))
    decoders = [false, true].flatMap { needsFrame in
      Self.fields.map { try! decoder("avro", $0, schema, needsFrame: needsFrame) }
    }
  }

  mutating func run(_ input: UnsafeRawBufferPointer) {
    guard let (choice, value) = input.chosen else { return }
    decode(value, with: &decoders[choice % decoders.count])
  }
}

/// Schemas of Avro, and records under them.
struct AvroSchemaTarget: FuzzTarget {
  static let name = "avro-schema"

  static var seeds: [[UInt8]] {
    [#""string""#, #"["null",{"type":"array","items":"T"}]"#, AvroTarget.schema].map {
      Array($0.utf8) + [0] + AvroTarget.seeds[0].dropFirst()
    }
  }

  func run(_ input: UnsafeRawBufferPointer) {
    let end = input.firstIndex(of: 0) ?? input.count
    guard
      let schema = try? AvroSchema(text: String(decoding: input[..<end], as: UTF8.self)),
      var decoder = try? decoder(
        "avro", "{event_id: id, user_id: user.id, event_time: ts, channel: \"a[key=b].c\"}",
        .avro(schema))
    else { return }
    decode(UnsafeRawBufferPointer(rebasing: input[min(end + 1, input.count)...]), with: &decoder)
  }
}
