import Foundation

/// The memory that this process may use.
enum ContainerMemory {
  /// The least limit of the process's control groups, or the machine's memory.
  static var bytes: Int {
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
    return limits(groups: groups) { try? String(contentsOfFile: $0, encoding: .utf8) }
      .reduce(machine, min)
  }

  /// The limits of the groups and of those that they are in.
  ///
  /// - Parameters:
  ///   - groups: as in `/proc/self/cgroup`.
  ///   - read: returns a file's text; nil where there is none.
  static func limits(groups: String, read: (String) -> String?) -> [Int] {
    groups.split(separator: "\n").flatMap { line -> [Int] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let isUnified = parts[0] == "0" && parts[1].isEmpty
      guard isUnified || parts[1].split(separator: ",").contains("memory") else { return [] }
      let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      let file = isUnified ? "memory.max" : "memory.limit_in_bytes"
      // Within a container the path may be the host's, of which only the root is there.
      return ancestors(of: parts[2]).compactMap { path in
        read("\(root)\(path)/\(file)").flatMap {
          Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
      }
    }
  }

  /// `/a/b`, `/a` and the root, which is empty.
  private static func ancestors(of path: Substring) -> [String] {
    let parts = path.split(separator: "/")
    return (0...parts.count).map { parts.prefix($0).map { "/\($0)" }.joined() }
  }
}
