// Safety: a window is allocated when it is opened and freed when it is forgotten, with everything that
// points to it, or with the table. Through pointers, because objects would be retained, and accesses to
// their fields checked, several times for every delta.

/// The rollups of one partition: adds deltas, decides finality, publishes revisions.
///
/// The state machine of the second stage. Its state is its output: `restore` takes back what was
/// published. No I/O and no clock: the wall time comes in with `advance`. One thread at a time.
public final class RollupTable {
  private let definitions: Definitions
  private let layout: SumsLayout
  private let taskCount: Int
  /// How many rollups become final between two publications.
  private let closingLimit: Int
  private typealias Window = UnsafeMutablePointer<RollupWindow>
  private var windows: [RollupWindow.Identity: Window] = [:]
  /// Those that finality has not passed.
  private var openWindows: [Window] = []
  /// Those that hold changes, in the order of their first.
  private var changedWindows: [Window] = []
  /// What was changed last: most changes go where the one before went.
  private var latest: Window?
  /// Commits for which what a reload brought back stays: corrections seldom come alone.
  private var commitsToKeep = 0

  /// Number of rollups in memory.
  public private(set) var count = 0
  /// Bytes held by the windows in memory, names included. O(1).
  public private(set) var byteCount = 0
  /// Number of rollups that wait to be published.
  public private(set) var changedCount = 0
  /// What every task of the attribution stage last said; by partition number.
  public private(set) var tasks: [Int32: TaskStatus] = [:]
  /// Every window that ends at or before this is final. Never goes back.
  public private(set) var finalThrough: Watermark = .unknown
  /// Whether windows that finality has passed wait for the next call of `advance`, because there are so many.
  public private(set) var isClosing = false
  /// Windows that end at or before this have left memory.
  public private(set) var forgottenThrough: Watermark = .unknown

  /// - Parameters:
  ///   - taskCount: how many tasks must have spoken before any window is final.
  ///   - closingLimit: how many rollups one call of `advance` makes final, so that no transaction grows without bound.
  public init(definitions: Definitions, taskCount: Int, closingLimit: Int = 100_000) {
    self.definitions = definitions
    self.taskCount = taskCount
    self.closingLimit = closingLimit
    layout = SumsLayout(modelCount: definitions.models.count)
  }

  deinit {
    for window in windows.values { free(window) }
  }

  /// Number of rollups in memory whose window is not final yet.
  public var openCount: Int { openWindows.reduce(0) { $0 + $1.pointee.count } }

  /// The rollups in memory: how many, and about how many bytes, names left out. O(1).
  public var store: StoreSize {
    StoreSize(name: "rollups", entries: count, bytes: count * RollupWindow.rowBytes(layout))
  }

  /// Whether every task has read all there was to read, as far as is known.
  public var isEveryTaskFinished: Bool {
    tasks.count >= taskCount
      && tasks.values.allSatisfy { if case .finished = $0 { true } else { false } }
  }

  // MARK: Input

  /// Whether windows with this end have left memory: what is published of them must be reloaded
  /// before anything is added.
  public func hasForgotten(windowEnd: Milliseconds) -> Bool {
    forgottenThrough.isKnown && windowEnd <= forgottenThrough.time
  }

  /// Adds signed changes, in the order of `SumsLayout`, to a rollup of a window that has not been
  /// forgotten.
  ///
  /// - Parameters:
  ///   - names: the rollup's dimension values, as its record key spells them.
  ///   - view: the view's number in the definitions.
  public func add(
    _ sums: UnsafeBufferPointer<Int64>, to names: BorrowedBytes, view: Int,
    windowStart: Milliseconds
  ) {
    let window = window(RollupWindow.Identity(view: view, start: windowStart))
    let former = (count: window.pointee.count, changedCount: window.pointee.changedCount)
    let formerBytes = window.pointee.byteCount
    window.pointee.add(sums, to: names)
    count += window.pointee.count - former.count
    byteCount += window.pointee.byteCount - formerBytes
    noteChanges(of: window, since: former.changedCount)
  }

  /// Takes note of a task's status.
  public func update(task: Int32, _ status: TaskStatus) { tasks[task] = status }

  /// Lets time pass: windows that every task has passed become final, the earliest first.
  ///
  /// - Parameters:
  ///   - now: wall time; counts only while no input moves anywhere, and only as far as the clocks by
  ///     which the tasks said so confirm it.
  ///   - isComplete: whether there is nothing more to come, for good: once every task is closed, every
  ///     window is.
  public func advance(now: Milliseconds, isComplete: Bool = false) {
    commitsToKeep -= 1
    isClosing = false
    guard tasks.count >= taskCount, let mark = globalWatermark(now, isComplete), mark > finalThrough
    else { return }
    let passed = openWindows.filter { $0.pointee.end <= mark.time }
    var reached = mark
    var room = closingLimit
    for window in passed.sorted(by: RollupTable.isBefore) {
      let former = window.pointee.changedCount
      let formerBytes = window.pointee.byteCount
      room -= window.pointee.close(atMost: room)
      byteCount += window.pointee.byteCount - formerBytes
      noteChanges(of: window, since: former)
      guard window.pointee.isClosed else {
        reached = Watermark(window.pointee.end - 1)
        break
      }
    }
    isClosing = reached < mark
    openWindows.removeAll { $0.pointee.isClosed }
    finalThrough = max(finalThrough, reached)
  }

  private static func isBefore(_ left: Window, _ right: Window) -> Bool {
    (left.pointee.end, left.pointee.identity.view)
      < (right.pointee.end, right.pointee.identity.view)
  }

  /// - Parameter former: how many of its rollups had changed before.
  private func noteChanges(of window: Window, since former: Int) {
    let changes = window.pointee.changedCount
    guard changes != former else { return }
    if former == 0 { changedWindows.append(window) }
    changedCount += changes - former
  }

  /// What all tasks have passed; nil when nothing is known.
  private func globalWatermark(_ now: Milliseconds, _ isComplete: Bool) -> Watermark? {
    var active = Watermark.idle
    var closed = Watermark.unknown
    var clock = now
    var isEveryTaskFinished = true
    for status in tasks.values {
      switch status {
      case .active(let mark):
        active = active.meet(mark)
        isEveryTaskFinished = false
      case .idle(let asOf):
        clock = min(clock, asOf)
        isEveryTaskFinished = false
      case .finished(let end):
        // Closed in a former run, perhaps, with more to come: it vouches for what it has closed.
        active = active.meet(Watermark(end))
        closed = max(closed, Watermark(end))
      }
    }
    if isComplete && isEveryTaskFinished && closed.isKnown {
      // All is read: whatever is open closes, windows that hold only costs included.
      return max(closed, openWindows.map { $0.pointee.end }.max().map { Watermark($0) } ?? closed)
    }
    if active != .idle { return active.isKnown ? active : nil }
    // A former version did not say by which clock.
    guard clock > 0 else { return nil }
    return Watermark(clock - definitions.idleTimeout - definitions.watermarkDelay)
  }

  // MARK: Output

  /// Whether anything waits to be published.
  public var hasChanges: Bool { !changedWindows.isEmpty }

  /// Lends every changed rollup, its revision counted up: window by window, in order of first change.
  public func publish(
    _ body: (RollupRevision) throws -> Void
  ) rethrows {
    let watermark = finalThrough.isKnown ? finalThrough.time : nil
    for window in changedWindows {
      let former = window.pointee.byteCount
      defer { byteCount += window.pointee.byteCount - former }
      try window.pointee.publish(watermark: watermark, body)
    }
    changedWindows.removeAll(keepingCapacity: true)
    changedCount = 0
    forget()
  }

  // MARK: Restore

  /// Takes back a published rollup; of several of one key the latest revision counts.
  public func restore(_ rollup: RollupRevision) {
    guard !hasForgotten(windowEnd: rollup.windowEnd) else { return }
    let window = window(RollupWindow.Identity(view: rollup.view, start: rollup.windowStart))
    let former = (count: window.pointee.count, bytes: window.pointee.byteCount)
    window.pointee.restore(rollup)
    count += window.pointee.count - former.count
    byteCount += window.pointee.byteCount - former.bytes
  }

  /// Takes back the progress of before a restart. Call before restoring rollups.
  public func restore(finalThrough: Watermark, tasks: [Int32: TaskStatus]) {
    self.finalThrough = finalThrough
    self.tasks = tasks
    forgottenThrough = forgettable(at: finalThrough)
  }

  /// Gives up what is in memory and wants everything back that ends after `time`.
  public func prepareReload(endingAfter time: Milliseconds) {
    precondition(changedWindows.isEmpty, "publish before reloading")
    latest = nil
    openWindows.removeAll()
    for window in windows.values { free(window) }
    windows.removeAll()
    count = 0
    byteCount = 0
    forgottenThrough = Watermark(time)
    commitsToKeep = 100
  }

  // MARK: Windows

  private func window(_ identity: RollupWindow.Identity) -> Window {
    if let latest, latest.pointee.identity == identity { return latest }
    let window = windows[identity] ?? open(identity)
    latest = window
    return window
  }

  private func open(_ identity: RollupWindow.Identity) -> Window {
    let end = identity.start + definitions.views[identity.view].periodMilliseconds
    let isClosed = finalThrough.isKnown && end <= finalThrough.time
    let window = Window.allocate(capacity: 1)
    window.initialize(
      to: RollupWindow(identity, end: end, layout: layout, isClosed: isClosed))
    windows[identity] = window
    byteCount += window.pointee.byteCount
    if !isClosed { openWindows.append(window) }
    return window
  }

  private func free(_ window: Window) {
    window.deinitialize(count: 1)
    window.deallocate()
  }

  /// Through where final windows are seldom reached but by a backfill, once everything is final that
  /// ends at or before `finalThrough`. What reaches them all the same is reloaded.
  ///
  /// A late conversion changes windows of touches a look-back away only in views that count it there.
  public func forgettable(at finalThrough: Watermark) -> Watermark {
    let longest = definitions.views.map(\.periodMilliseconds).max() ?? 0
    let rules = EligibilityRules(definitions)
    let lookback =
      definitions.views.contains { $0.bucketConversionsBy == .touch } ? rules.longestLookback : 0
    return finalThrough.moved(back: definitions.correctionHorizon + longest + lookback)
  }

  private func forget() {
    let mark = forgettable(at: finalThrough)
    guard commitsToKeep <= 0, mark.isKnown, mark > forgottenThrough else { return }
    forgottenThrough = mark
    latest = nil
    for (identity, window) in windows where window.pointee.end <= mark.time {
      windows[identity] = nil
      count -= window.pointee.count
      byteCount -= window.pointee.byteCount
      free(window)
    }
  }
}
