import Attribution
import Traffic

/// How often what goes wrong, and for how long at most. Times in milliseconds of the cluster.
struct FaultPlan {
  /// Of a hundred thousand calls, how many end the process, fail, or take long; of calls that are made
  /// more often than a commit, less, and of those that are hardly ever made, more.
  var kill: Int64 = 0
  var fail: Int64 = 0
  var pause: Int64 = 0
  var longestPause: Milliseconds = 0

  /// Of a thousand turns of the simulation, in how many a worker, or its whole process, ends.
  var killWorker: Int64 = 0
  var killProcess: Int64 = 0
  var stopWorker: Int64 = 0
  /// … loses its place to another of its name and comes back later.
  var abandonWorker: Int64 = 0
  /// … the wanted number of workers changes.
  var scale: Int64 = 0
  var compact: Int64 = 0
  var jump: Int64 = 0
  /// … nobody leads a partition of the inputs for a while.
  var leaderless: Int64 = 0
  /// … retention takes records of an input, read or not.
  var retention: Int64 = 0
  /// … a producer of an input ends a transaction: a hole in the offsets.
  var marks: Int64 = 0
  /// … everything stands still for so long that the groups' offsets expire.
  var standstill: Int64 = 0
  /// Of a thousand workers that are down, how many start in a turn.
  var start: Int64 = 300

  static let none = FaultPlan()

  /// A quiet world, a rough one, or one where one thing goes wrong most of the time.
  init(_ random: inout SeededRandom, timeouts: MemoryLog.Timeouts) {
    let storm = [1, 3, 10, 30][Int(random.below(4))] as Int64
    kill = random.below(2) * random.below(200 * storm)
    fail = random.below(4) > 0 ? random.below(400 * storm) : 0
    pause = random.below(2) * random.below(200 * storm)
    longestPause = 1 + random.below(2 * timeouts.session)
    killWorker = random.below(2) * random.below(3 * storm)
    killProcess = random.below(2) * random.below(2 * storm)
    stopWorker = random.below(2) * random.below(3 * storm)
    abandonWorker = random.below(2) * random.below(2 * storm)
    scale = random.below(2) * random.below(30)
    compact = random.below(2) * random.below(100)
    jump = random.below(3) == 0 ? random.below(20) : 0
    start = 50 + random.below(900)
    leaderless = random.below(3) == 0 ? random.below(20) : 0
    retention = random.below(6) == 0 ? 1 + random.below(20) : 0
    marks = random.below(2) * random.below(200)
    standstill = random.below(6) == 0 ? random.below(6) : 0
  }

  private init() {}
}
