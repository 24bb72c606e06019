/// Numbers for slices of event time: state is remembered and forgotten one bucket at a time.
struct TimeBuckets: Sendable {
  /// Milliseconds per bucket, at least a second.
  let width: Milliseconds

  /// The first instant of year 0, the earliest that the decoder lets pass: bucket 0.
  static let origin: Milliseconds = -62_167_219_200_000
  /// Bits that every bucket number up to year 9999 fits in.
  static let bits: UInt64 = 39

  /// Buckets fine enough that what is kept beyond the horizon stays a few percent of it.
  init(horizon: Milliseconds) {
    width = max(1_000, horizon / 64)
  }

  func bucket(of time: Milliseconds) -> UInt64 {
    UInt64(max(0, time - TimeBuckets.origin) / width)
  }

  /// The first bucket that may still hold something at or after `mark`.
  func firstLive(_ mark: Watermark) -> UInt64 {
    mark == .unknown ? 0 : bucket(of: mark.time)
  }
}
