import Foundation

/// What the kernel knows of this process' memory.
package enum ProcessMemory {
  /// The most that was ever resident, in bytes; 0 where the kernel does not say.
  ///
  /// Not `getrusage`, which starts from what the parent process held when it made this one.
  package static var peakResidentBytes: Int { bytes("VmHWM:") }

  /// What is resident now, in bytes; 0 where the kernel does not say.
  package static var residentBytes: Int { bytes("VmRSS:") }

  private static func bytes(_ field: String) -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
    let kibibytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
    return (kibibytes ?? 0) << 10
  }
}
