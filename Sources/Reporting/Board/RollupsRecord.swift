// Safety: keys and values are read from buffers that the caller lends for one call.

import Attribution
import Codec

/// What one record of the rollups topic says.
public enum RollupsRecord: Equatable, Sendable {
  /// A revision of a rollup.
  case rollup(Rollup)
  /// The rollup is no more.
  case deletion(RollupKey)
  /// Every window of the partition with an end at or before `finalThrough` is final.
  /// `lost` is input that was gone before it was read.
  case progress(partition: Int32, finalThrough: Milliseconds, lost: [LostRange] = [])
  /// Something that the definitions do not speak of: a view that is no longer configured, or a
  /// record without a key.
  case other
}

/// Reads records of the rollups topic (contract, section 5).
public struct RollupsRecordReader: Sendable {
  private let codec: RollupCodec
  /// Each view with what its keys begin with, the first `|` included.
  private let views: [(keyPrefix: [UInt8], view: View)]

  /// - Parameter definitions: whose views and models to read.
  public init(definitions: Definitions) {
    codec = RollupCodec(definitions: definitions)
    views = definitions.views.map { view in
      var key: [UInt8] = []
      RollupKeyCodec.encode(
        RollupKey(view: view.name, dimensions: [], windowStart: 0), into: &key)
      return (Array(key[...key.firstIndex(of: UInt8(ascii: "|"))!]), view)
    }
  }

  /// Reads one record; throws `UnreadableRecord`.
  ///
  /// - Parameter value: nil for a tombstone.
  public func read(
    key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
  ) throws -> RollupsRecord {
    guard let key else { return .other }
    if let partition = ProgressCodec.decodeKey(key) {
      guard let value else { return .other }
      let progress = try ProgressCodec.progress(value)
      return .progress(
        partition: partition, finalThrough: progress.finalThrough, lost: progress.lost)
    }
    guard let view = view(ofKey: key) else { return .other }
    if let value { return .rollup(try codec.decode(value)) }
    return .deletion(try RollupKeyCodec.decode(key, dimensionCount: view.dimensions.count))
  }

  /// As the other `read`, for bytes in arrays.
  public func read(key: [UInt8], value: [UInt8]?) throws -> RollupsRecord {
    try key.withUnsafeBytes { key in
      guard let value else { return try read(key: key, value: nil) }
      return try value.withUnsafeBytes { try read(key: key, value: $0) }
    }
  }

  /// The start of the window that a key's rollup is of; nil for other keys, and for views that are not known.
  package func windowStart(ofKey key: UnsafeRawBufferPointer) -> Milliseconds? {
    guard view(ofKey: key) != nil else { return nil }
    return RollupKeyCodec.split(key)?.windowStart
  }

  private func view(ofKey key: UnsafeRawBufferPointer) -> View? {
    views.first { key.starts(with: $0.keyPrefix) }?.view
  }
}
