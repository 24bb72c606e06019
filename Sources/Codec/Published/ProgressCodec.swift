// Safety: keys and values are read from buffers that the caller lends for one call.

import Attribution

/// What a partition of the rollups says of itself.
public struct PublishedProgress: Equatable, Sendable {
  /// Every window with an end at or before this is final.
  public var finalThrough: Milliseconds
  /// Names the partition's content: made anew whenever it is started from nothing. Nil in records of a former
  /// version.
  public var epoch: String?
  /// Input that was gone before it was read, of all tasks.
  public var lost: [LostRange]

  public init(finalThrough: Milliseconds, epoch: String? = nil, lost: [LostRange] = []) {
    self.finalThrough = finalThrough
    self.epoch = epoch
    self.lost = lost
  }
}

/// The records that say how far a partition's windows are final: key `@progress|<partition>`, value
/// `{"final_through":"…","epoch":"…","lost":[…]}`.
///
/// No rollup's key starts with `@`, because that character is percent-encoded in names.
public enum ProgressCodec {
  private static let keyPrefix = "@progress|"

  /// Appends the key of a partition's progress record.
  public static func encodeKey(partition: Int32, into output: inout [UInt8]) {
    output.append(contentsOf: keyPrefix.utf8)
    output.appendDecimal(Int64(partition))
  }

  /// The partition whose progress record has this key; nil when it is the key of something else.
  public static func decodeKey(_ key: UnsafeRawBufferPointer) -> Int32? {
    guard key.starts(with: keyPrefix.utf8) else { return nil }
    let digits = UnsafeRawBufferPointer(rebasing: key[keyPrefix.utf8.count...])
    guard let partition = Int64(decimal: BorrowedBytes(digits)), partition >= 0 else { return nil }
    return Int32(exactly: partition)
  }

  /// As the other `decodeKey`, for bytes in an array.
  public static func decodeKey(_ key: [UInt8]) -> Int32? { key.withUnsafeBytes(decodeKey) }

  /// Appends a progress record's value.
  ///
  /// - Parameter finalThrough: every window with an end at or before this is final.
  public static func encode(finalThrough: Milliseconds, into output: inout [UInt8]) {
    output.append(#"{"final_through":"#)
    output.appendJSONMilliseconds(finalThrough)
    output.append(ASCII.closeBrace)
  }

  /// Appends a progress record's value with all that it holds.
  public static func encode(_ progress: PublishedProgress, into output: inout [UInt8]) {
    output.append(#"{"final_through":"#)
    output.appendJSONMilliseconds(progress.finalThrough)
    if let epoch = progress.epoch {
      output.append(#","epoch":"#)
      output.appendJSONString(epoch)
    }
    output.append(#","lost":["#)
    for (index, range) in progress.lost.enumerated() {
      if index > 0 { output.append(",") }
      encode(range, into: &output)
    }
    output.append("]}")
  }

  private static func encode(_ range: LostRange, into output: inout [UInt8]) {
    output.append(#"{"topic":"#)
    output.appendJSONString(range.topic)
    output.append(#","partition":"#)
    output.appendDecimal(Int64(range.partition))
    output.append(#","from":"#)
    output.appendDecimal(range.from)
    output.append(#","to":"#)
    output.appendDecimal(range.to)
    if let after = range.after {
      output.append(#","after":"#)
      output.appendJSONMilliseconds(after)
    }
    if let before = range.before {
      output.append(#","before":"#)
      output.appendJSONMilliseconds(before)
    }
    output.append("}")
  }

  /// The `final_through` of a progress record's value; throws `UnreadableRecord`.
  public static func decode(_ value: UnsafeRawBufferPointer) throws -> Milliseconds {
    try progress(value).finalThrough
  }

  /// All that a progress record's value holds, of this version or a former one; throws `UnreadableRecord`.
  public static func progress(_ value: UnsafeRawBufferPointer) throws -> PublishedProgress {
    var finalThrough: Milliseconds?
    var epoch: String?
    var lost: [LostRange] = []
    try JSONReader.read(value) { reader in
      try reader.object { reader, name in
        switch name {
        case "final_through": finalThrough = try reader.time()
        case "epoch": epoch = try reader.string()
        case "lost": try reader.array { lost.append(try lostRange(&$0)) }
        default: try reader.skip()
        }
      }
    }
    return PublishedProgress(
      finalThrough: try finalThrough.required("final_through"), epoch: epoch, lost: lost)
  }

  private static func lostRange(_ reader: inout JSONReader) throws -> LostRange {
    var (topic, partition, from, to) = (nil as String?, nil as Int64?, nil as Int64?, nil as Int64?)
    var (after, before) = (nil as Milliseconds?, nil as Milliseconds?)
    try reader.object { reader, name in
      switch name {
      case "topic": topic = try reader.string()
      case "partition": partition = try reader.integer()
      case "from": from = try reader.integer()
      case "to": to = try reader.integer()
      case "after": after = try reader.time()
      case "before": before = try reader.time()
      default: try reader.skip()
      }
    }
    return LostRange(
      topic: try topic.required("topic"),
      partition: try Int32(exactly: partition.required("partition")).required("partition"),
      from: try from.required("from"), to: try to.required("to"), after: after, before: before)
  }

  /// As the other `decode`, for bytes in an array.
  public static func decode(_ value: [UInt8]) throws -> Milliseconds {
    try value.withUnsafeBytes { try decode($0) }
  }
}
