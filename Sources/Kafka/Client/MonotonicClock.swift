internal import Glibc

/// Milliseconds that only go forward; for deadlines, never for event time.
enum MonotonicClock {
  static var milliseconds: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }
}

/// A point in time by which a call must be done.
struct Deadline {
  private let atMilliseconds: Int64
  /// Whether there never was any time.
  let isImmediate: Bool

  init(afterMilliseconds timeout: Int32) {
    isImmediate = timeout <= 0
    // The clock drops the fraction of its millisecond: without one more, the wait could be short.
    atMilliseconds = MonotonicClock.milliseconds + (timeout > 0 ? Int64(timeout) + 1 : 0)
  }

  /// Milliseconds left, never below 0.
  var remainingMilliseconds: Int32 {
    Int32(clamping: max(0, atMilliseconds - MonotonicClock.milliseconds))
  }

  var hasPassed: Bool { remainingMilliseconds == 0 }
}
