import Foundation

/// The memory that this process has held, by the kernel's account.
enum ResidentMemory {
  /// The most so far, in bytes; nil where `/proc` does not say.
  static var peak: Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { return nil }
    return kilobytes << 10
  }
}
