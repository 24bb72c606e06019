import Foundation

/// A folder from which files are taken, and where they go then: `taken/` and `rejected/` in it.
struct Intake: Hashable {
  static let taken = "taken"
  static let rejected = "rejected"

  /// The folder; of a file that is named itself, the one that it lies in.
  let folder: String

  /// What the folder holds for taking, in the order of the paths.
  func files() throws -> [String] {
    try FileFinder.files(in: folder, excluding: [Intake.taken, Intake.rejected])
  }

  /// Moves a file below one of the two, under the path that it has in the folder, and gives the new
  /// path. One that lies there already keeps its place.
  func move(_ path: String, to name: String) throws -> String {
    let inner = path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
    let target = folder.isEmpty ? "\(name)/\(inner)" : "\(folder)/\(name)/\(inner)"
    let parent = FileFinder.parent(target)
    do {
      try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    } catch {
      throw FileError("\(parent) cannot be made: \(error.localizedDescription)")
    }
    var free = target
    var number = 1
    while access(free, F_OK) == 0 {
      number += 1
      free = "\(target).\(number)"
    }
    guard rename(path, free) == 0 else { throw FileError.system(path, "moved to \(free)") }
    // What SQLite keeps beside a database is part of it.
    for suffix in ["-wal", "-shm", "-journal"] where access(path + suffix, F_OK) == 0 {
      guard rename(path + suffix, free + suffix) == 0 else {
        throw FileError.system(path + suffix, "moved to \(free)\(suffix)")
      }
    }
    return free
  }
}
