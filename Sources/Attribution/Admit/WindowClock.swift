// Safety: `windows` is allocated and freed here, and indexed by view.

/// The window of each view that a time falls into.
///
/// Times come nearly in order, so the last answer is mostly the next one too; that saves a division
/// per view and event.
struct WindowClock: ~Copyable {
  private let windows: UnsafeMutablePointer<(start: Milliseconds, period: Milliseconds)>
  let viewCount: Int

  init(_ views: [View]) {
    viewCount = views.count
    windows = .allocate(capacity: max(1, views.count))
    for (index, view) in views.enumerated() {
      (windows + index).initialize(to: (view.windowStart(of: 0), view.periodMilliseconds))
    }
  }

  deinit { windows.deallocate() }

  /// As `View.windowStart(of:)`.
  @inline(__always)
  func start(_ view: Int, _ time: Milliseconds) -> Milliseconds {
    let (start, period) = windows[view]
    if UInt64(bitPattern: time &- start) < UInt64(bitPattern: period) { return start }
    return restart(view, time)
  }

  /// Whether `time` lies in the window that starts at `start`.
  @inline(__always)
  func isInWindow(_ view: Int, from start: Milliseconds, _ time: Milliseconds) -> Bool {
    UInt64(bitPattern: time &- start) < UInt64(bitPattern: windows[view].period)
  }

  /// The earliest start of the windows that `time` falls into.
  func earliest(_ time: Milliseconds) -> Milliseconds {
    var earliest = time
    for view in 0..<viewCount { earliest = min(earliest, start(view, time)) }
    return earliest
  }

  @inline(never)
  private func restart(_ view: Int, _ time: Milliseconds) -> Milliseconds {
    let period = windows[view].period
    let remainder = time % period
    let start = time - (remainder < 0 ? remainder + period : remainder)
    windows[view].start = start
    return start
  }
}
