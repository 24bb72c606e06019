import Glibc

/// What the kernel knows of this process' memory.
enum ProcessMemory {
  /// The most that was ever resident, in bytes.
  static var peakResidentBytes: Int {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return usage.ru_maxrss << 10
  }
}
