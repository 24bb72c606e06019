/// How a task stands, as the rollup stage last heard.
public enum TaskStatus: Sendable, Equatable {
  /// Reading; has passed `watermark`.
  case active(Watermark)
  /// Every input is idle: holds nobody back.
  case idle
  /// Has read all there was to read; every window that ends at or before the time is complete.
  case closed(through: Milliseconds)
}

/// The rollups of one partition: adds deltas, decides finality, publishes revisions.
///
/// The state machine of the second stage. Its state is its output: `restore` takes back what was
/// published. No I/O and no clock: the wall time comes in with `advance`. One thread at a time.
public final class RollupTable {
  private struct Bucket {
    var key: RollupKey
    var identity: Hash128
    var windowEnd: Milliseconds
    var revision: Int64
    var isFinal: Bool
    var isDirty: Bool
  }

  private let definitions: Definitions
  private let layout: SumsLayout
  private let taskCount: Int
  private var buckets: [Bucket?] = []
  private var cells: [Int64] = []
  private var free: [Int] = []
  private var index: [Hash128: Int] = [:]
  /// Buckets by window end: those not final yet, and the final ones still remembered.
  private var openWindows: [Milliseconds: [Int]] = [:]
  private var finalWindows: [Milliseconds: [Int]] = [:]
  private var dirty: [Int] = []
  /// Publications for which what a reload brought back stays: corrections seldom come alone.
  private var publicationsToKeep = 0

  /// What every task of the attribution stage last said; by partition number.
  public private(set) var tasks: [Int32: TaskStatus] = [:]
  /// Every window that ends at or before this is final. Never goes back.
  public private(set) var finalThrough: Watermark = .unknown
  /// Windows that end at or before this have left memory.
  public private(set) var forgottenThrough: Watermark = .unknown

  /// - Parameter taskCount: how many tasks must have spoken before any window is final.
  public init(definitions: Definitions, taskCount: Int) {
    self.definitions = definitions
    self.taskCount = taskCount
    layout = SumsLayout(modelCount: definitions.models.count)
  }

  /// Number of rollups in memory.
  public var count: Int { index.count }
  /// Number of rollups in memory that are not final yet.
  public var openCount: Int { openWindows.values.reduce(0) { $0 + $1.count } }

  /// The rollups in memory: how many, and about how many bytes, names left out. O(1).
  public var store: StoreSize {
    let slot = MemoryLayout<Bucket?>.stride + layout.width * 8
    let entry = MemoryLayout<Hash128>.stride + MemoryLayout<Int>.stride
    return StoreSize(
      name: "rollups", entries: index.count, bytes: buckets.capacity * slot + index.capacity * entry
    )
  }

  /// Whether every task has read all there was to read, as far as is known.
  public var isEveryTaskClosed: Bool {
    tasks.count >= taskCount
      && tasks.values.allSatisfy { if case .closed = $0 { true } else { false } }
  }

  // MARK: Input

  /// Whether the rollup with this identity (the hash of its record key) is in memory.
  public func isKnown(_ identity: Hash128) -> Bool { index[identity] != nil }

  /// Makes room for a rollup not in memory. One that ends at or before `forgottenThrough` may have
  /// been published already and must be reloaded instead.
  public func insert(_ identity: Hash128, key: RollupKey, windowEnd: Milliseconds) {
    _ = place(identity, key, windowEnd)
  }

  /// Adds signed changes, in the order of `SumsLayout`, to a rollup in memory.
  public func add(_ identity: Hash128, sums: UnsafeBufferPointer<Int64>) {
    let isKnown = addIfKnown(identity, sums: sums)
    precondition(isKnown, "insert the rollup first")
  }

  /// As `add`; false, and nothing is added, if the rollup is not in memory.
  public func addIfKnown(_ identity: Hash128, sums: UnsafeBufferPointer<Int64>) -> Bool {
    guard let number = index[identity] else { return false }
    for column in 0..<layout.width { cells[number * layout.width + column] &+= sums[column] }
    markDirty(number)
    return true
  }

  /// Takes note of a task's status.
  public func update(task: Int32, _ status: TaskStatus) { tasks[task] = status }

  /// Lets time pass: windows that every task has passed become final.
  ///
  /// - Parameters:
  ///   - now: wall time; counts only while no input moves anywhere.
  ///   - isComplete: whether there is nothing more to come, for good: once every task is closed, every
  ///     window is.
  public func advance(now: Milliseconds, isComplete: Bool = false) {
    guard tasks.count >= taskCount, let mark = agreedMark(now, isComplete), mark > finalThrough
    else { return }
    finalThrough = mark
    for end in openWindows.keys.filter({ $0 <= mark.time }).sorted() {
      for number in openWindows.removeValue(forKey: end)! {
        buckets[number]!.isFinal = true
        markDirty(number)
        finalWindows[end, default: []].append(number)
      }
    }
  }

  /// What all tasks have passed; nil when nothing is known.
  private func agreedMark(_ now: Milliseconds, _ isComplete: Bool) -> Watermark? {
    var active = Watermark.idle
    var closed = Watermark.unknown
    var isEveryTaskClosed = true
    for status in tasks.values {
      switch status {
      case .active(let mark):
        active = active.meet(mark)
        isEveryTaskClosed = false
      case .idle:
        isEveryTaskClosed = false
      case .closed(let end):
        // Closed in a former run, perhaps, with more to come: it vouches for what it has closed.
        active = active.meet(Watermark(end))
        closed = max(closed, Watermark(end))
      }
    }
    if isComplete && isEveryTaskClosed && closed.isKnown {
      // All is read: whatever is open closes, windows that hold only costs included.
      return max(closed, openWindows.keys.max().map { Watermark($0) } ?? closed)
    }
    if active != .idle { return active.isKnown ? active : nil }
    return Watermark(now - definitions.idleTimeout - definitions.allowedLateness)
  }

  // MARK: Output

  /// Whether anything waits to be published.
  public var hasChanges: Bool { !dirty.isEmpty }

  /// Visits every changed rollup, its revision counted up, in order of first change.
  public func publish<Failure: Error>(
    _ body: (Rollup) throws(Failure) -> Void
  ) throws(Failure) {
    for number in dirty {
      buckets[number]!.isDirty = false
      buckets[number]!.revision += 1
      try body(rollup(number))
    }
    dirty.removeAll(keepingCapacity: true)
    forget()
  }

  private func rollup(_ number: Int) -> Rollup {
    let bucket = buckets[number]!
    let row = cells[number * layout.width..<(number + 1) * layout.width]
    let first = row.startIndex
    var sums = RollupSums(modelCount: 0)
    sums.impressions = row[first + SumsLayout.impressions]
    sums.clicks = row[first + SumsLayout.clicks]
    sums.users = row[first + SumsLayout.users]
    sums.sessions = row[first + SumsLayout.sessions]
    sums.spend = row[first + SumsLayout.spend]
    sums.credits = Array(row[first + layout.credit(0)..<first + layout.revenue(0)])
    sums.revenues = Array(row[first + layout.revenue(0)..<first + layout.width])
    return Rollup(
      key: bucket.key, windowEnd: bucket.windowEnd, sums: sums, isFinal: bucket.isFinal,
      revision: bucket.revision, watermark: finalThrough.isKnown ? finalThrough.time : nil)
  }

  // MARK: Restore

  /// Takes back a published rollup; of several of one key the last counts.
  public func restore(_ rollup: Rollup, identity: Hash128) {
    guard !forgottenThrough.isKnown || rollup.windowEnd > forgottenThrough.time else { return }
    let number = index[identity] ?? place(identity, rollup.key, rollup.windowEnd)
    guard rollup.revision > buckets[number]!.revision else { return }
    buckets[number]!.revision = rollup.revision
    if rollup.isFinal && !buckets[number]!.isFinal {
      openWindows[rollup.windowEnd]?.removeAll { $0 == number }
      finalWindows[rollup.windowEnd, default: []].append(number)
    }
    buckets[number]!.isFinal = buckets[number]!.isFinal || rollup.isFinal
    let base = number * layout.width
    cells[base + SumsLayout.impressions] = rollup.sums.impressions
    cells[base + SumsLayout.clicks] = rollup.sums.clicks
    cells[base + SumsLayout.users] = rollup.sums.users
    cells[base + SumsLayout.sessions] = rollup.sums.sessions
    cells[base + SumsLayout.spend] = rollup.sums.spend
    for model in 0..<layout.modelCount {
      cells[base + layout.credit(model)] = rollup.sums.credits[model]
      cells[base + layout.revenue(model)] = rollup.sums.revenues[model]
    }
  }

  /// Takes back the progress of before a restart. Call before restoring rollups.
  public func restore(finalThrough: Watermark, tasks: [Int32: TaskStatus]) {
    self.finalThrough = finalThrough
    self.tasks = tasks
    forgottenThrough = forgettable(at: finalThrough)
  }

  /// Gives up what is in memory and wants everything back that ends after `time`.
  public func prepareReload(endingAfter time: Milliseconds) {
    precondition(dirty.isEmpty, "publish before reloading")
    buckets.removeAll()
    cells.removeAll()
    free.removeAll()
    index.removeAll()
    openWindows.removeAll()
    finalWindows.removeAll()
    forgottenThrough = Watermark(time)
    publicationsToKeep = 100
  }

  // MARK: Buckets

  /// Through where final windows can only be reached by a backfill, once everything is final that
  /// ends at or before `finalThrough`.
  public func forgettable(at finalThrough: Watermark) -> Watermark {
    let longest = definitions.views.map(\.periodMilliseconds).max() ?? 0
    return finalThrough.moved(
      back: definitions.correctionHorizon + longest
        + max(definitions.lookback, definitions.impressionLookback))
  }

  private func forget() {
    publicationsToKeep -= 1
    let mark = forgettable(at: finalThrough)
    guard publicationsToKeep <= 0, mark.isKnown, mark > forgottenThrough else { return }
    forgottenThrough = mark
    for end in finalWindows.keys where end <= mark.time {
      for number in finalWindows.removeValue(forKey: end)! {
        index[buckets[number]!.identity] = nil
        buckets[number] = nil
        free.append(number)
      }
    }
  }

  private func place(_ identity: Hash128, _ key: RollupKey, _ windowEnd: Milliseconds) -> Int {
    let isFinal = finalThrough.isKnown && windowEnd <= finalThrough.time
    let bucket = Bucket(
      key: key, identity: identity, windowEnd: windowEnd, revision: 0, isFinal: isFinal,
      isDirty: false)
    let number: Int
    if let reused = free.popLast() {
      number = reused
      buckets[number] = bucket
      for column in 0..<layout.width { cells[number * layout.width + column] = 0 }
    } else {
      number = buckets.count
      buckets.append(bucket)
      cells.append(contentsOf: repeatElement(0, count: layout.width))
    }
    index[identity] = number
    if isFinal {
      finalWindows[windowEnd, default: []].append(number)
    } else {
      openWindows[windowEnd, default: []].append(number)
    }
    return number
  }

  private func markDirty(_ number: Int) {
    guard !buckets[number]!.isDirty else { return }
    buckets[number]!.isDirty = true
    dirty.append(number)
  }
}
