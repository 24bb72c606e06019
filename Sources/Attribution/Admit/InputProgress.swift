/// The progress of one task: its inputs' largest accepted event times and the watermark they agree on.
public struct InputProgress: Sendable, Equatable {
  /// One input of a task.
  public struct Input: Sendable, Equatable {
    /// The largest accepted event time; `unknown` before the first.
    public var largest: Watermark = .unknown
    /// Stands at the end of its log with nothing arriving.
    public var isIdle = false
    /// Whether the task reads this input at all.
    public var isRead = false
    /// How far its sources have come, where it is re-keyed from several.
    public var sources: SourceMarks?
  }

  /// How far the sources of a re-keyed input have come, as far as they have said. Its own largest event time says
  /// little: each of its partitions has only some of what a source holds.
  public struct SourceMarks: Sendable, Equatable {
    /// The least of the largest event times of sources that are not idle; `idle` where all are.
    public var active: Watermark
    /// The least of those of all sources that have ever delivered; `idle` where none has.
    public var all: Watermark

    public init(active: Watermark, all: Watermark) {
      self.active = active
      self.all = all
    }

    /// Not every source has said how it stands.
    public static let unknown = SourceMarks(active: .unknown, all: .unknown)
  }

  public internal(set) var inputs: [Input]
  /// Never goes back.
  public internal(set) var watermark: Watermark = .unknown
  /// State behind this, less the correction horizon, has been dropped. Never goes back.
  public internal(set) var retentionMark: Watermark = .unknown
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

  /// The input watermark, which this input alone would allow: its largest event time less the watermark delay, but not
  /// more than the longest silence behind the watermark.
  func inputWatermark(_ input: Int) -> Watermark {
    max(
      inputs[input].largest.meet(inputs[input].sources?.all ?? .idle).moved(back: watermarkDelay),
      watermark.moved(back: InputProgress.longestSilence))
  }

  /// The late cutoff: an event of this input that is too far behind it does not count.
  ///
  /// It is the task's watermark, but never ahead of the input's own: the watermark may have moved
  /// on while this input was idle, and being idle never makes an event late enough to lose. Nor is
  /// it behind what is kept: an event whose company is gone could not be counted rightly.
  func lateCutoff(for input: Int) -> Watermark {
    max(
      retentionMark,
      inputs[input].largest == .unknown ? retentionMark : watermark.meet(inputWatermark(input)))
  }

  /// Lets the retention mark follow: what is behind every input that has ever delivered can go.
  mutating func advanceRetentionMark() { retentionMark = retentionMarkAfterCommit }

  /// What the retention mark will be once the commit under way is done.
  public var retentionMarkAfterCommit: Watermark { max(retentionMark, retentionCandidate) }

  /// How far state could be dropped now.
  private var retentionCandidate: Watermark {
    var mark = watermark
    for input in inputs.indices where inputs[input].largest != .unknown {
      mark = mark.meet(inputWatermark(input))
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

  /// Takes note of how the sources of a re-keyed input stand; true if the watermark moved. An input all of whose
  /// sources are idle is.
  mutating func setSources(_ marks: SourceMarks, _ input: Int) -> Bool {
    inputs[input].sources = marks
    inputs[input].isIdle = marks.active == .idle
    return advance()
  }

  /// Takes back the progress of before a restart; every input counts as active again.
  ///
  /// - Parameter largest: by input.
  mutating func restore(watermark: Watermark, retentionMark: Watermark, largest: [Watermark]) {
    self.watermark = watermark
    self.retentionMark = retentionMark
    for (input, mark) in zip(inputs.indices, largest) { inputs[input].largest = mark }
  }

  private mutating func advance() -> Bool {
    var mark = Watermark.idle
    for input in inputs where input.isRead && !input.isIdle {
      mark = mark.meet(input.mark.moved(back: watermarkDelay))
    }
    guard mark != .idle, mark > watermark else { return false }
    watermark = mark
    return true
  }
}

extension InputProgress.Input {
  /// What the watermark follows while the input is not idle.
  fileprivate var mark: Watermark {
    guard let active = sources?.active else { return largest }
    // Its sources were all idle, and something has come: the next word of theirs says how far they are.
    return active == .idle ? .unknown : active
  }
}
