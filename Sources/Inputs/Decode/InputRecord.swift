// Safety: key and value are borrowed from whoever read the record, and used only during the call that takes it.

import Attribution

/// A record of an input, lent for one call: what a plan can take fields from.
public struct InputRecord {
  public var partition: Int32
  public var offset: Int64
  /// Which record of its message it is, where it has others.
  public var number: Int32
  /// The record's own timestamp in milliseconds; -1 when it has none.
  public var timestamp: Milliseconds
  public var key: UnsafeRawBufferPointer?
  /// nil is a tombstone.
  public var value: UnsafeRawBufferPointer?
  /// Needed only where the plan says so.
  public var headers: [(name: String, value: [UInt8]?)]

  public init(
    partition: Int32, offset: Int64, timestamp: Milliseconds, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, headers: [(name: String, value: [UInt8]?)] = [],
    number: Int32 = 0
  ) {
    self.number = number
    self.partition = partition
    self.offset = offset
    self.timestamp = timestamp
    self.key = key
    self.value = value
    self.headers = headers
  }
}

/// A record of an input, kept: to be decoded later as it would have been then.
public struct KeptInputRecord: Sendable {
  public var partition: Int32
  public var offset: Int64
  public var timestamp: Milliseconds
  public var key: [UInt8]?
  public var value: [UInt8]?
  public var headers: [(name: String, value: [UInt8]?)]

  public init(_ record: InputRecord) {
    partition = record.partition
    offset = record.offset
    timestamp = record.timestamp
    key = record.key.map { Array($0) }
    value = record.value.map { Array($0) }
    headers = record.headers
  }

  /// Lends it.
  public func withRecord<Result>(_ body: (InputRecord) throws -> Result) rethrows -> Result {
    try (key ?? []).withUnsafeBytes { keyBytes in
      try (value ?? []).withUnsafeBytes { valueBytes in
        try body(
          InputRecord(
            partition: partition, offset: offset, timestamp: timestamp,
            key: key == nil ? nil : keyBytes, value: value == nil ? nil : valueBytes,
            headers: headers))
      }
    }
  }
}
