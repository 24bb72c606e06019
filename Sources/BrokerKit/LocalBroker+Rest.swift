import Glibc

extension LocalBroker {
  /// Waits until the broker has come to rest, 30 s at most; not at all for somebody else's.
  ///
  /// `noida-db` goes on saving what it was given for some seconds, with a core of its own and much of the
  /// memory's bandwidth: what is measured meanwhile costs a quarter more.
  public func waitForRest() {
    guard let supervisor else { return }
    var quiet = 0
    var before = Self.ticks(ofChildrenOf: supervisor)
    for _ in 0..<60 where quiet < 4 {
      usleep(500_000)
      let now = Self.ticks(ofChildrenOf: supervisor)
      quiet = now - before <= 2 ? quiet + 1 : 0
      before = now
    }
  }

  /// The CPU time of a process's children that still run, in hundredths of a second.
  private static func ticks(ofChildrenOf process: pid_t) -> Int {
    let children = text(of: "/proc/\(process)/task/\(process)/children")
    return children.split(separator: " ").reduce(0) { sum, child in
      // The name, in parentheses, may hold blanks; user and system time are the 12th and 13th behind it.
      let fields = text(of: "/proc/\(child)/stat").split(separator: ")").last?.split(separator: " ")
      guard let fields, fields.count > 12 else { return sum }
      return sum + (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }
  }

  /// A short file's text; nothing if it cannot be read.
  private static func text(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    return String(unsafeUninitializedCapacity: 4_096) { fread($0.baseAddress, 1, 4_096, file) }
  }
}
