/// The progress of one task: its inputs' largest accepted event times and the watermark they agree on.
public struct TaskProgress: Sendable, Equatable {
  /// One input of a task.
  public struct Input: Sendable, Equatable {
    /// The largest accepted event time; `unknown` before the first.
    public var largest: Watermark = .unknown
    /// Stands at the end of its log with nothing arriving.
    public var isIdle = false
    /// Whether the task reads this input at all.
    public var isRead = false
  }

  public internal(set) var inputs: [Input]
  /// Never goes back.
  public internal(set) var watermark: Watermark = .unknown
  /// State behind this, less the correction horizon, has been dropped. Never goes back.
  public internal(set) var kept: Watermark = .unknown
  let watermarkDelay: Milliseconds

  /// How long a silent input holds state back: seven days of event time.
  static let longestSilence: Milliseconds = 7 * 86_400_000

  /// - Parameter inputs: the numbers of those that the task reads.
  public init(inputs read: Set<Int>, watermarkDelay: Milliseconds) {
    self.watermarkDelay = watermarkDelay
    inputs = (0..<(read.max() ?? -1) + 1).map { Input(isRead: read.contains($0)) }
  }

  public subscript(input: Int) -> Input { inputs[input] }

  /// Whether every input is idle: the task then holds nobody's finality back.
  public var isIdle: Bool { inputs.allSatisfy { !$0.isRead || $0.isIdle } }

  /// The largest accepted event time over all inputs; `unknown` before the first event.
  public var largest: Watermark { inputs.map(\.largest).max() ?? .unknown }

  /// What this input alone would allow: its largest event time less the watermark delay, but not
  /// more than the longest silence behind the watermark.
  func own(_ input: Int) -> Watermark {
    max(
      inputs[input].largest.moved(back: watermarkDelay),
      watermark.moved(back: TaskProgress.longestSilence))
  }

  /// The mark that an event of an input must not be too far behind.
  ///
  /// It is the task's watermark, but never ahead of the input's own: the watermark may have moved
  /// on while this input was idle, and being idle never makes an event late enough to lose. Nor is
  /// it behind what is kept: an event whose company is gone could not be counted rightly.
  func lossMark(for input: Int) -> Watermark {
    max(kept, inputs[input].largest == .unknown ? kept : watermark.meet(own(input)))
  }

  /// Lets the kept mark follow: what is behind every input that has ever delivered can go.
  mutating func advanceKept() { kept = keptAfterCommit }

  /// What the kept mark will be once the commit under way is done.
  public var keptAfterCommit: Watermark { max(kept, retentionMark) }

  private var retentionMark: Watermark {
    var mark = watermark
    for input in inputs.indices where inputs[input].largest != .unknown {
      mark = mark.meet(own(input))
    }
    return mark
  }

  /// Takes note of an accepted event; true if the watermark moved.
  mutating func accept(_ input: Int, at time: Milliseconds) -> Bool {
    guard time > inputs[input].largest.time else { return false }
    inputs[input].largest = Watermark(time)
    return advance()
  }

  /// Marks an input idle or active; true if the watermark moved.
  mutating func setIdle(_ isIdle: Bool, _ input: Int) -> Bool {
    guard inputs[input].isIdle != isIdle else { return false }
    inputs[input].isIdle = isIdle
    return advance()
  }

  /// Takes back the progress of before a restart; every input counts as active again.
  ///
  /// - Parameter largest: by input.
  mutating func restore(watermark: Watermark, kept: Watermark, largest: [Watermark]) {
    self.watermark = watermark
    self.kept = kept
    for (input, mark) in zip(inputs.indices, largest) { inputs[input].largest = mark }
  }

  private mutating func advance() -> Bool {
    var mark = Watermark.idle
    for input in inputs where input.isRead && !input.isIdle {
      mark = mark.meet(input.largest.moved(back: watermarkDelay))
    }
    guard mark != .idle, mark > watermark else { return false }
    watermark = mark
    return true
  }
}
