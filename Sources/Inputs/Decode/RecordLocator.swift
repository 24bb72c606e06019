// Safety: bytes are lent for one call and handed on as such.

import Attribution
import Codec
import Configuration

/// Finds the wanted values of one topic's records, in whatever format they are written.
///
/// What a schema compiles into is kept, per schema and message; there are at most `mostReaders` of them at a time.
final class RecordLocator {
  let values: LocatedValues
  private let plan: InputPlan
  private let json: JSONPathScanner?
  private var avro: [Int32: AvroReader] = [:]
  private var protobuf: [ProtoKey: ProtoReader] = [:]

  private struct ProtoKey: Hashable {
    var schema: Int32
    var message: Int
  }

  /// Writers have few schemas; this is for those who make one up for every record.
  private static let mostReaders = 256
  private static let mostIndexes = 32

  /// - Parameter extraSlots: places for values that are not in the record's value, behind those of the tree.
  init(_ plan: InputPlan, extraSlots: Int = 0) {
    self.plan = plan
    json = plan.format == .json ? JSONPathScanner(plan.tree, extraSlots: extraSlots) : nil
    values = json?.values ?? LocatedValues(count: plan.tree.slotCount + extraSlots)
  }

  /// Puts a record's values down; returns why it cannot be read, or nil.
  func locate(_ value: BorrowedBytes) throws(SchemaUnavailable) -> Rejection? {
    switch plan.format {
    case .json: return json!.locate(value.withoutJSONFrame) ? nil : .malformedJSON
    case .avro: return try locateAvro(value)
    case .protobuf: return try locateProtobuf(value)
    }
  }

  private func locateAvro(_ value: BorrowedBytes) throws(SchemaUnavailable) -> Rejection? {
    if let frame = RegistryFrame(value) {
      let reader = try avroReader(frame.schema)
      if let reader, reader.locate(frame.rest) { return nil }
      guard !plan.schemas.needsFrame else { return reader == nil ? .unknownSchema : .malformedAvro }
    } else if plan.schemas.needsFrame {
      return .malformedAvro
    }
    // By a schema file: without the frame, or with a first field that looks like one.
    guard let reader = try avroReader(0) else { return .unknownSchema }
    return reader.locate(value) ? nil : .malformedAvro
  }

  private func avroReader(_ id: Int32) throws(SchemaUnavailable) -> AvroReader? {
    let id = plan.schemas.needsFrame ? id : 0
    if let reader = avro[id] { return reader }
    guard case .avro(let schema)? = try plan.schemas.schema(id) else { return nil }
    if avro.count >= Self.mostReaders { avro.removeAll() }
    let reader = AvroReader(schema, plan.tree, values)
    avro[id] = reader
    return reader
  }

  private func locateProtobuf(_ value: BorrowedBytes) throws(SchemaUnavailable) -> Rejection? {
    // No message begins with a zero, so that the frame cannot be taken for one.
    guard let frame = RegistryFrame(value) else {
      guard !plan.schemas.needsFrame else { return .malformedProtobuf }
      return try locate(value, id: 0, indexes: nil)
    }
    var reader = WireReader(frame.rest)
    guard let indexes = messageIndexes(&reader) else { return .malformedProtobuf }
    let rest = BorrowedBytes(start: reader.cursor, count: reader.end - reader.cursor)
    return try locate(rest, id: frame.schema, indexes: indexes)
  }

  private func locate(
    _ message: BorrowedBytes, id: Int32, indexes: [Int]?
  ) throws(SchemaUnavailable) -> Rejection? {
    let id = plan.schemas.needsFrame ? id : 0
    guard case .protobuf(let schema)? = try plan.schemas.schema(id),
      let index = schema.message(at: indexes ?? schema.chosen)
    else { return .unknownSchema }
    let key = ProtoKey(schema: id, message: index)
    if let reader = protobuf[key] { return reader.locate(message) ? nil : .malformedProtobuf }
    if protobuf.count >= Self.mostReaders { protobuf.removeAll() }
    let reader = ProtoReader(schema, message: index, plan.tree, values)
    protobuf[key] = reader
    return reader.locate(message) ? nil : .malformedProtobuf
  }

  /// Which message of the schema a record holds: a count and as many numbers; a count of zero is the first message.
  private func messageIndexes(_ reader: inout WireReader) -> [Int]? {
    func number() -> Int? {
      guard let bits = reader.varint(), bits >> 1 <= UInt64(Int32.max), bits & 1 == 0 else {
        return nil
      }
      return Int(bits >> 1)
    }
    guard let count = number(), count <= Self.mostIndexes else { return nil }
    if count == 0 { return [0] }
    var indexes: [Int] = []
    for _ in 0..<count {
      guard let index = number() else { return nil }
      indexes.append(index)
    }
    return indexes
  }
}

/// The five bytes that serializers of a schema registry put before a record: a zero and the schema's number.
struct RegistryFrame {
  var schema: Int32
  var rest: BorrowedBytes

  static let length = 5

  /// Nil where the bytes begin in another way.
  @inline(__always)
  init?(_ value: BorrowedBytes) {
    guard value.count >= Self.length, value[0] == 0 else { return nil }
    let word = UnsafeRawPointer(value.start + 1).loadUnaligned(as: UInt32.self)
    schema = Int32(bitPattern: UInt32(bigEndian: word))
    rest = BorrowedBytes(start: value.start + Self.length, count: value.count - Self.length)
  }
}

extension BorrowedBytes {
  /// JSON never begins with a zero byte, so that the registry's frame can be told from it.
  @inline(__always)
  var withoutJSONFrame: BorrowedBytes { RegistryFrame(self)?.rest ?? self }
}
