import Attribution
import Glibc

/// The two clocks of a process.
///
/// Everything that waits, repeats or gives up goes by the monotonic one. The wall clock, which jumps, says
/// only which events lie in the future, and how far finality has come where no input moves. For each of the
/// two uses the clock is read so that a jump during the run errs on the safe side.
public struct ProcessClock: Sendable {
  /// Milliseconds since an arbitrary start. Never goes back.
  public let monotonic: @Sendable () -> Milliseconds
  /// The time of day in milliseconds since the epoch. Jumps.
  public let wall: @Sendable () -> Milliseconds
  private let startMonotonic: Milliseconds
  private let startWall: Milliseconds

  /// Both clocks show now what they showed at the start of the process.
  public init(
    monotonic: @escaping @Sendable () -> Milliseconds, wall: @escaping @Sendable () -> Milliseconds
  ) {
    self.monotonic = monotonic
    self.wall = wall
    startMonotonic = monotonic()
    startWall = wall()
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

  /// What the wall clock would show, had nobody set it since the start.
  private var undisturbedWall: Milliseconds { startWall + monotonic() - startMonotonic }

  /// The wall clock, without what it has jumped ahead since the start: makes nothing final early.
  public var earlierWall: Milliseconds { min(wall(), undisturbedWall) }

  /// The wall clock, without what it has jumped back since the start: makes no event one of the future.
  public var laterWall: Milliseconds { max(wall(), undisturbedWall) }
}
