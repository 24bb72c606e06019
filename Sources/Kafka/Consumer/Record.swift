// Safety: a record borrows. Its pointers lead into a message that a `RecordBatch` owns, or into
// memory of whoever made the record; neither is freed here, and nothing here keeps them. Behind `origin` is a message, or
// a whole block of headers where the record is one of several in a message.

internal import CRdkafka

/// One record lent from the client's memory.
///
/// Valid until its batch is released, read into again or gone. Copy what must live longer. The topic
/// is that of the queue it was read from. Tests and simulators make records of their own memory.
public struct Record {
  /// The partition it was read from.
  public let partition: Int32
  /// Its number among the records of its message; -1 where it is the message.
  private let number: Int32
  /// The place of its message in the partition.
  public let offset: Int64
  /// Milliseconds since 1970 UTC; -1 when the record has none.
  public let timestamp: Int64
  /// The key; `nil` is no key, which differs from an empty one.
  public let key: UnsafeRawBufferPointer?
  /// The value; `nil` is a tombstone, which differs from an empty value.
  public let value: UnsafeRawBufferPointer?

  private let origin: UnsafeRawPointer?

  private let ownHeaders: [Header]?

  /// A record of the caller's own memory.
  public init(
    partition: Int32, offset: Int64, timestamp: Int64, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, headers: [Header] = []
  ) {
    self.partition = partition
    self.offset = offset
    self.timestamp = timestamp
    self.key = key
    self.value = value
    number = -1
    origin = nil
    ownHeaders = headers.isEmpty ? nil : headers
  }

  /// One of several records that a message holds.
  ///
  /// - Parameters:
  ///   - number: which of them, from 0.
  ///   - headers: a whole ``HeaderBlock``; nil for none.
  @inline(__always)
  public init(
    in message: (partition: Int32, offset: Int64), number: Int32, timestamp: Int64,
    key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: UnsafeRawPointer?
  ) {
    partition = message.partition
    offset = message.offset
    self.number = number
    self.timestamp = timestamp
    self.key = key
    self.value = value
    origin = headers
    ownHeaders = nil
  }

  init(lending message: UnsafeMutablePointer<rd_kafka_message_t>) {
    partition = message.pointee.partition
    offset = message.pointee.offset
    timestamp = rd_kafka_message_timestamp(message, nil)
    key = Self.bytes(message.pointee.key, message.pointee.key_len)
    value = Self.bytes(message.pointee.payload, message.pointee.len)
    number = -1
    origin = UnsafeRawPointer(message)
    ownHeaders = nil
  }

  /// Whether it is one of several records of its message.
  @inline(__always)
  public var isPacked: Bool { number >= 0 }

  /// What tells it from the other records of its partition.
  @inline(__always)
  public var place: RecordPlace { RecordPlace(offset: offset, number: max(0, number)) }

  private static func bytes(
    _ start: UnsafeMutableRawPointer?, _ count: Int
  ) -> UnsafeRawBufferPointer? {
    guard let start else { return nil }
    return UnsafeRawBufferPointer(start: start, count: count)
  }

  /// The record's headers, copied, in their order; parsed on each call, so call it only when needed.
  public func headers() -> [Header] {
    guard let origin else { return ownHeaders ?? [] }
    if isPacked { return HeaderBlock.decode(origin) }
    let message = origin.assumingMemoryBound(to: rd_kafka_message_t.self)
    var list: OpaquePointer?
    guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
      return []
    }
    var headers: [Header] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while rd_kafka_header_get_all(list, headers.count, &name, &value, &size)
      == RD_KAFKA_RESP_ERR_NO_ERROR, let found = name
    {
      headers.append(
        Header(
          name: String(cString: found),
          value: value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) }))
    }
    return headers
  }
}

/// Where a record is in its partition: the offset of its message, and its number in it, 0 for the only one.
public struct RecordPlace: Hashable, Comparable, Sendable {
  public var offset: Int64
  public var number: Int32

  public init(offset: Int64, number: Int32 = 0) {
    self.offset = offset
    self.number = number
  }

  public static func < (left: RecordPlace, right: RecordPlace) -> Bool {
    (left.offset, left.number) < (right.offset, right.number)
  }
}

/// A named value beside a record's key and value.
public struct Header: Sendable, Equatable {
  public var name: String
  /// The bytes; `nil` is a null value, which differs from an empty one.
  public var value: [UInt8]?

  public init(name: String, value: [UInt8]?) {
    self.name = name
    self.value = value
  }
}
