#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Adds up the time between `start` and `stop`: on the wall, and on the calling thread's CPU.
struct Stopwatch {
  private(set) var wallSeconds = 0.0
  private(set) var cpuSeconds = 0.0
  private var began = (wall: 0.0, cpu: 0.0)

  mutating func start() { began = Stopwatch.now }

  mutating func stop() {
    let ended = Stopwatch.now
    wallSeconds += ended.wall - began.wall
    cpuSeconds += ended.cpu - began.cpu
  }

  private static var now: (wall: Double, cpu: Double) {
    (seconds(CLOCK_MONOTONIC), seconds(CLOCK_THREAD_CPUTIME_ID))
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
