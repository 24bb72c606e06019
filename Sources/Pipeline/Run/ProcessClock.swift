import Attribution
import Glibc
import Synchronization

/// The two clocks of a process.
///
/// Everything that waits, repeats or gives up goes by the monotonic one. The wall clock, which jumps, says
/// only which events lie in the future, and how far finality has come where no input moves. For each of the
/// two uses the clock is read so that a jump during the run errs on the safe side. What it shows for an hour
/// on end is believed, so that a clock that was wrong at the start and has been put right does not stay wrong.
public struct ProcessClock: Sendable {
  /// Milliseconds since an arbitrary start. Never goes back.
  public let monotonic: @Sendable () -> Milliseconds
  /// The time of day in milliseconds since the epoch. Jumps.
  public let wall: @Sendable () -> Milliseconds
  private let course: Course

  /// What the wall clock shows now counts as undisturbed.
  public init(
    monotonic: @escaping @Sendable () -> Milliseconds, wall: @escaping @Sendable () -> Milliseconds
  ) {
    self.monotonic = monotonic
    self.wall = wall
    course = Course(monotonic: monotonic(), wall: wall())
  }

  /// The machine's. The monotonic clock runs on while the machine sleeps.
  public static var system: ProcessClock {
    ProcessClock(
      monotonic: { read(CLOCK_BOOTTIME) }, wall: { read(CLOCK_REALTIME) })
  }

  /// Two clocks that stand still.
  public static func standing(at wall: Milliseconds) -> ProcessClock {
    ProcessClock(monotonic: { 0 }, wall: { wall })
  }

  private static func read(_ clock: clockid_t) -> Milliseconds {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// The wall clock, without what it has jumped ahead since the start: makes nothing final early.
  public var earlierWall: Milliseconds {
    let wall = wall()
    return min(wall, course.undisturbed(monotonic(), wall))
  }

  /// The wall clock, without what it has jumped back since the start: makes no event one of the future.
  public var laterWall: Milliseconds {
    let wall = wall()
    return max(wall, course.undisturbed(monotonic(), wall))
  }
}

extension ProcessClock {
  /// What the wall clock would show, had nobody set it. Thread-safe.
  private final class Course: Sendable {
    private struct State {
      /// When both clocks showed what counts as undisturbed.
      var monotonic: Milliseconds
      var wall: Milliseconds
      /// Since when the wall clock has been ahead, or behind.
      var disturbedSince: Milliseconds?
      var isAhead = false
    }

    /// A clock that shows another time for so long is right.
    private static let believed: Milliseconds = 3_600_000
    /// Less than this is drift.
    private static let tolerance: Milliseconds = 1_000

    private let state: Mutex<State>

    init(monotonic: Milliseconds, wall: Milliseconds) {
      state = Mutex(State(monotonic: monotonic, wall: wall))
    }

    /// - Parameters:
    ///   - now: what the monotonic clock shows.
    ///   - wall: what the wall clock shows.
    func undisturbed(_ now: Milliseconds, _ wall: Milliseconds) -> Milliseconds {
      state.withLock { state in
        let undisturbed = state.wall + now - state.monotonic
        let distance = wall - undisturbed
        guard abs(distance) > Course.tolerance else {
          state.disturbedSince = nil
          return undisturbed
        }
        if state.disturbedSince == nil || state.isAhead != (distance > 0) {
          state.disturbedSince = now
          state.isAhead = distance > 0
        }
        guard now - state.disturbedSince! >= Course.believed else { return undisturbed }
        state = State(monotonic: now, wall: wall)
        return wall
      }
    }
  }
}
