// Safety: keys are read from a buffer that the caller lends for one call, through its own bounds.

import Attribution

/// Record keys of rollups: `<view>|<dimension values joined by |>|<window start>`.
///
/// Names are percent-encoded, so that no name can hold a `|`, and a key has one spelling only. A
/// view without dimensions reads `view||start`, as does one whose only dimension is empty.
public enum RollupKeyCodec {
  /// Appends the key's bytes.
  public static func encode(_ key: RollupKey, into output: inout [UInt8]) {
    PercentEncoding.append(key.view, to: &output)
    output.append(ASCII.bar)
    for (index, value) in key.dimensions.enumerated() {
      if index > 0 { output.append(ASCII.bar) }
      PercentEncoding.append(value, to: &output)
    }
    output.append(ASCII.bar)
    Time.appendSeconds(key.windowStart, to: &output)
  }

  /// Appends the key of a bucket whose names are lent.
  ///
  /// - Parameter value: the bucket's value of the dimension of `view` at an index.
  public static func encode(
    _ view: View, windowStart: Milliseconds, into output: inout [UInt8],
    value: (Int) -> BorrowedBytes
  ) {
    PercentEncoding.append(view.name, to: &output)
    output.append(ASCII.bar)
    putNames(of: view, into: &output, value: value)
    output.append(ASCII.bar)
    Time.appendSeconds(windowStart, to: &output)
  }

  /// Writes what stands between a key's view and its window's start.
  ///
  /// - Parameter value: the bucket's value of the dimension of `view` at an index.
  static func putNames<Sink: ByteSink & ~Copyable>(
    of view: View, into output: inout Sink, value: (Int) -> BorrowedBytes
  ) {
    for index in view.dimensions.indices {
      if index > 0 { output.put(ASCII.bar) }
      PercentEncoding.put(value(index), into: &output)
    }
  }

  /// A key's three parts as it spells them, lent from its bytes; nil for what is no key at all.
  public static func split(
    _ key: UnsafeRawBufferPointer
  ) -> (view: BorrowedBytes, names: BorrowedBytes, windowStart: Milliseconds)? {
    guard let first = key.firstIndex(of: ASCII.bar), let last = key.lastIndex(of: ASCII.bar),
      first < last
    else { return nil }
    func part(_ range: Range<Int>) -> BorrowedBytes {
      BorrowedBytes(UnsafeRawBufferPointer(rebasing: key[range]))
    }
    guard let start = Time.parse(part(last + 1..<key.count)) else { return nil }
    return (part(0..<first), part(first + 1..<last), start)
  }

  /// The key that `bytes` spell.
  ///
  /// - Parameter dimensionCount: how many dimensions the view has.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, dimensionCount: Int
  ) throws(UnreadableRecord) -> RollupKey {
    let parts = bytes.split(separator: ASCII.bar, omittingEmptySubsequences: false)
    guard parts.count == 2 + max(dimensionCount, 1) else {
      throw UnreadableRecord("the rollup key does not have \(dimensionCount) dimension values")
    }
    var names: [String] = []
    names.reserveCapacity(parts.count - 1)
    for part in parts.dropLast() {
      guard let name = PercentEncoding.decode(part) else {
        throw UnreadableRecord("the rollup key holds a name that is not percent-encoded")
      }
      names.append(name)
    }
    let startText = BorrowedBytes(UnsafeRawBufferPointer(rebasing: parts[parts.count - 1]))
    guard let start = Time.parse(startText) else {
      throw UnreadableRecord("the rollup key does not end in a window's start")
    }
    guard dimensionCount > 0 || names[1].isEmpty else {
      throw UnreadableRecord("the rollup key has a value for a view without dimensions")
    }
    let dimensions = dimensionCount > 0 ? Array(names.dropFirst()) : []
    return RollupKey(view: names[0], dimensions: dimensions, windowStart: start)
  }

  /// As the other `decode`, for bytes in an array.
  public static func decode(
    _ bytes: [UInt8], dimensionCount: Int
  ) throws(UnreadableRecord) -> RollupKey {
    let result: Result<RollupKey, UnreadableRecord> = bytes.withUnsafeBytes { buffer in
      Result { () throws(UnreadableRecord) in
        try decode(buffer, dimensionCount: dimensionCount)
      }
    }
    return try result.get()
  }
}
