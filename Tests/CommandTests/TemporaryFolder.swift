import Foundation

/// A folder that is gone when nobody refers to it any more.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: url) }

  /// Makes a folder inside.
  func make(_ name: String) throws -> URL {
    let folder = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// What a file inside holds; empty when there is none.
  func text(_ path: String) -> String {
    (try? String(contentsOf: url.appendingPathComponent(path), encoding: .utf8)) ?? ""
  }
}

extension Process {
  /// Waits for the process to end; after `seconds` it is killed and the answer is false.
  func wait(seconds: Double) -> Bool {
    let deadline = Date() + seconds
    while isRunning && Date() < deadline { usleep(5_000) }
    guard isRunning else { return true }
    kill(processIdentifier, SIGKILL)
    waitUntilExit()
    return false
  }
}
