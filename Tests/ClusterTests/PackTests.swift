// Safety: bytes are lent for one call, and copied where they are kept.

import Inputs
import Kafka
import Testing

@testable import Cluster

@Suite("Many records in one message")
struct PackTests {
  private static let partition = TopicPartition(topic: "keyed", partition: 3)

  /// A record, kept.
  private struct Kept: Equatable {
    var place = RecordPlace(offset: 7)
    var timestamp: Int64
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [Header] = []

    init(_ record: Record) {
      place = record.place
      timestamp = record.timestamp
      key = record.key.map { Array($0) }
      value = record.value.map { Array($0) }
      headers = record.headers()
    }

    init(
      _ number: Int32, _ timestamp: Int64, _ key: String, _ value: String?, _ headers: [Header] = []
    ) {
      place.number = number
      self.timestamp = timestamp
      self.key = Array(key.utf8)
      self.value = value.map { Array($0.utf8) }
      self.headers = headers
    }
  }

  private static let records = [
    Kept(0, 1_000, "u-1", #"{"a":1}"#),
    Kept(
      1, -1, "u-2", "",
      [
        Header(name: "trace", value: [1, 2]), Header(name: "", value: nil),
        Header(name: "é", value: []),
      ]),
    Kept(2, 3_000, "", nil),
    Kept(3, 2_000, "u-1", String(repeating: "x", count: 300)),
  ]

  private static func pack(_ records: [Kept], limit: Int = 1 << 20) throws -> SentMessages {
    let (writer, sent) = (PackWriter(limit: limit), SentMessages())
    for record in records { try add(record, to: writer, sent) }
    try writer.flush(to: sent, partition.topic, partition: partition.partition)
    #expect(writer.isEmpty)
    try writer.flush(to: sent, partition.topic, partition: partition.partition)
    return sent
  }

  private static func add(_ record: Kept, to writer: PackWriter, _ sent: SentMessages) throws {
    var block: [UInt8] = []
    if !record.headers.isEmpty {
      HeaderBlock.begin(count: record.headers.count, in: &block)
      for header in record.headers {
        HeaderBlock.append(name: header.name, value: header.value, to: &block)
      }
    }
    if writer.isFull(for: record.key!.count, record.value?.count ?? 0, block.count) {
      try writer.flush(to: sent, partition.topic, partition: partition.partition)
    }
    record.key!.withUnsafeBytes { key in
      block.withUnsafeBytes { headers in
        (record.value ?? []).withUnsafeBytes { value in
          writer.add(
            key: key, value: record.value == nil ? nil : value, timestamp: record.timestamp,
            headers: headers)
        }
      }
    }
  }

  /// What a reader makes of a message.
  private static func unpacked(
    key: [UInt8]? = PackKey.bytes, _ value: [UInt8]?
  ) throws -> [Kept] {
    let reader = UnpackingReader(
      StubReader([StubReader.Message(key: key, value: value)], offset: 7), of: partition)
    return try (0..<reader.read()).map { Kept(reader[$0]) }
  }

  @Test("come out as they went in, in their order")
  func roundTrip() throws {
    let sent = try Self.pack(Self.records)
    #expect(sent.messages.count == 1)
    #expect(sent.messages[0].key == PackKey.bytes)
    #expect(sent.messages[0].timestamp == 3_000, "a search by time must find each of them")
    #expect(try Self.unpacked(sent.messages[0].value) == Self.records)
    // The same by the other way to them.
    var found: [Kept] = []
    try sent.messages[0].withRecord(offset: 7) { message in
      try message.forEachPacked(of: Self.partition) { found.append(Kept($0)) }
    }
    #expect(found == Self.records)
    #expect(Self.records.map(\.place) == Self.records.map(\.place).sorted())
  }

  @Test("are cut into messages by size, and a large record has one of its own")
  func limit() throws {
    let large = String(repeating: "y", count: 5_000)
    let many = (0..<100).map { Kept(0, Int64($0), "u-\($0)", $0 == 50 ? large : "value") }
    let sent = try Self.pack(many, limit: 400)
    #expect(sent.messages.count > 5)
    #expect(sent.messages.filter { $0.value.count > 400 }.count == 1)
    var values: [Int64] = []
    for message in sent.messages { values += try Self.unpacked(message.value).map(\.timestamp) }
    #expect(values == (0..<100).map { Int64($0) })
    #expect(sent.messages.allSatisfy { $0.timestamp != nil })
  }

  @Test("have no timestamp where none of them has")
  func withoutTimestamp() throws {
    let sent = try Self.pack([Kept(0, -1, "u", "v")])
    #expect(sent.messages[0].timestamp == nil)
    #expect(try Self.unpacked(sent.messages[0].value)[0].timestamp == -1)
  }

  @Test("a pack that was dropped leaves nothing")
  func drop() throws {
    let (writer, sent) = (PackWriter(limit: 1 << 20), SentMessages())
    try Self.add(Self.records[0], to: writer, sent)
    writer.removeAll()
    try Self.add(Self.records[3], to: writer, sent)
    try writer.flush(to: sent, "keyed", partition: 3)
    var expected = Self.records[3]
    expected.place.number = 0
    #expect(try Self.unpacked(sent.messages[0].value) == [expected])
  }

  @Test("messages of an earlier version and words are one record each")
  func others() throws {
    let plain = try Self.unpacked(key: Array("u-1".utf8), Array("{}".utf8))
    #expect(plain.count == 1 && plain[0].key == Array("u-1".utf8) && plain[0].place.number == 0)
    let words = try Self.unpacked(key: nil, [1, 0, 0, 0, 0])
    #expect(words.count == 1 && words[0].key == nil)
    #expect(try Self.unpacked(nil).count == 1)
    #expect(try Self.unpacked([]).count == 1)
  }

  @Test("a version that nobody knows is an error of one line")
  func version() throws {
    var value = try Self.pack(Self.records).messages[0].value
    value[0] = 9
    let error = #expect(throws: OperatorError.self) { try Self.unpacked(value) }
    #expect(error?.description.contains("keyed[3]: the message at offset 7 has format 9") == true)
    #expect(error?.description.contains("run the version that wrote it") == true)
  }

  @Test("a damaged pack is one record with all of its bytes, wherever it is cut")
  func truncated() throws {
    let value = try Self.pack(Self.records).messages[0].value
    for length in 1..<value.count {
      let found = try Self.unpacked(Array(value[..<length]))
      #expect(found.count == 1 && found[0].key == PackKey.bytes, "cut to \(length)")
      #expect(found[0].value?.count == length)
    }
    #expect(try Self.unpacked(value + [0]).count == 1, "something behind the last")
  }

  @Test("counts and lengths that lie are found")
  func lies() throws {
    let value = try Self.pack(Self.records).messages[0].value
    func changed(_ offset: Int, _ bytes: [UInt8]) throws -> Int {
      var value = value
      value.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      return try Self.unpacked(value).count
    }
    let most: [UInt8] = [255, 255, 255, 255]
    for count in [most, [0, 0, 0, 0], [3, 0, 0, 0], [5, 0, 0, 0], [255, 255, 255, 127]] {
      #expect(try changed(1, count) == 1, "count \(count)")
    }
    // Of the first record: the value, the headers, the key. No value at all is a length, too.
    #expect(try changed(5 + 8, [254, 255, 255, 255]) == 1)
    #expect(try changed(5 + 8, most) == 1)
    #expect(try changed(5 + 12, most) == 1)
    #expect(try changed(5 + 16, [255, 255]) == 1)
    #expect(try changed(5 + 12, [7, 0, 0, 0]) == 1, "headers in the next record's bytes")
  }

  @Test("whatever the bytes are, nothing is read outside them")
  func random() throws {
    var random = SystemRandomNumberGenerator()
    let value = try Self.pack(Self.records).messages[0].value
    for _ in 0..<20_000 {
      var damaged = value
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        damaged[Int.random(in: 1..<damaged.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      let found = try Self.unpacked(damaged)
      #expect(found.count == 1 || found.count == Self.records.count)
    }
  }

  @Test("a read brings whole messages, and meets the end behind the last")
  func reads() throws {
    let many = (0..<300).map { Kept(0, Int64($0), "u-\($0)", "v") }
    let packed = try Self.pack(many).messages[0]
    let message = StubReader.Message(key: packed.key, value: packed.value)
    let plain = StubReader.Message(key: [1], value: [2])
    let base = StubReader([message, plain, message], offset: 7)
    let reader = UnpackingReader(base, of: Self.partition)
    #expect(try reader.read() == 300)
    #expect(reader.reachedEnd == nil, "two messages of the read have not been handed out")
    #expect(reader.recordsPerMessage == 300)
    #expect(reader[299].place == RecordPlace(offset: 7, number: 299))
    #expect(reader.message(299).place == RecordPlace(offset: 7))
    #expect(reader.message(299).value?.count == packed.value.count)
    #expect(try reader.read() == 301)
    #expect(base.reads == 1)
    #expect(reader[0].offset == 8 && !reader[0].isPacked)
    #expect(reader[1].place == RecordPlace(offset: 9, number: 0) && reader[1].isPacked)
    #expect(reader.reachedEnd == 10)
    var visited = 0
    reader.visit(count: 301) { _ in
      visited += 1
      return visited < 5
    }
    #expect(visited == 5)
    #expect(try reader.read() == 0)
    #expect(base.reads == 2)
  }

  @Test("a pack's fingerprint tells it from others without all of its bytes")
  func fingerprint() throws {
    let sent = try Self.pack(Self.records).messages[0]
    var other = sent
    other.value[40] ^= 1
    let prints = [sent, sent, other].map { message in
      message.withRecord(offset: 7) { RecordFingerprint($0) }
    }
    #expect(prints[0] == prints[1] && prints[0] != prints[2])
  }
}

/// Keeps what is sent.
private final class SentMessages: LogProducer {
  struct Message {
    var key: [UInt8]
    var value: [UInt8]
    var timestamp: Int64?

    func withRecord<Result>(offset: Int64, _ body: (Record) throws -> Result) rethrows -> Result {
      try key.withUnsafeBytes { key in
        try value.withUnsafeBytes { value in
          try body(
            Record(
              partition: 3, offset: offset, timestamp: timestamp ?? -1, key: key, value: value))
        }
      }
    }
  }

  private(set) var messages: [Message] = []

  func produce(
    _ topic: String, partition: Int32?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, timestamp: Int64?, headers: [Header]
  ) throws {
    #expect(topic == "keyed" && partition == 3 && headers.isEmpty)
    messages.append(Message(key: Array(key!), value: Array(value!), timestamp: timestamp))
  }

  func begin() {}
  func sendOffsets(_ offsets: [TopicPartition: Int64], of consumer: any LogConsumer) {}
  func commit() {}
  func abort() {}
  func close() {}
}

/// Lends messages, all in one read.
private final class StubReader: LogReader {
  struct Message {
    var key: [UInt8]?
    var value: [UInt8]?
  }

  private let lent: [(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?)]
  private let offset: Int64
  private var hasRead = false
  private(set) var reads = 0

  init(_ messages: [Message], offset: Int64) {
    lent = messages.map { (Self.copy($0.key), Self.copy($0.value)) }
    self.offset = offset
  }

  deinit {
    for message in lent {
      message.key?.deallocate()
      message.value?.deallocate()
    }
  }

  private static func copy(_ bytes: [UInt8]?) -> UnsafeRawBufferPointer? {
    guard let bytes else { return nil }
    // To the byte, so that a checker of memory sees a read outside.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(copy)
  }

  func read() throws -> Int {
    reads += 1
    defer { hasRead = true }
    return hasRead ? 0 : lent.count
  }

  subscript(index: Int) -> Record {
    Record(
      partition: 3, offset: offset + Int64(index), timestamp: 5, key: lent[index].key,
      value: lent[index].value)
  }

  var reachedEnd: Int64? { offset + Int64(lent.count) }
  var endOffset: Int64? { reachedEnd }
}
