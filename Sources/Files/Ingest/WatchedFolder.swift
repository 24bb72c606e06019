import Foundation

/// A folder from which files are taken, and where they go then: `taken/` and `rejected/` in it.
struct WatchedFolder: Hashable, FileStore {
  static let taken = "taken"
  static let rejected = "rejected"

  /// The folder; of a file that is named itself, the one that it lies in.
  let folder: String
  /// Leaves files where they are.
  var keepsFiles = false

  /// What the folder holds for taking, in the order of the paths.
  func files() throws -> [String] {
    try FileFinder.files(in: folder, excluding: [Self.taken, Self.rejected])
  }

  func list(_ body: (IncomingFile) throws -> Void) throws {
    for path in try files() { try body(file(path)) }
  }

  func file(_ path: String) -> IncomingFile {
    IncomingFile(path: path, folder: folder, content: LocalFile(path))
  }

  func setAside(
    _ file: IncomingFile, _ report: RejectionReport, as outcome: FileOutcome
  ) throws -> FilePlace {
    guard !keepsFiles else { return FilePlace() }
    switch outcome {
    case .failed, .postponed: return FilePlace()
    case .rejected: return try move(file, to: Self.rejected, report)
    case .taken, .known:
      do { return try move(file, to: Self.taken, report.faultCount > 0 ? report : nil) } catch {
        throw FileError("\(error); it is in the topics. --keep leaves files where they are")
      }
    }
  }

  private func move(
    _ file: IncomingFile, to name: String, _ report: RejectionReport?
  ) throws -> FilePlace {
    let target = try move(file.path, to: name)
    try report?.write(beside: target, wasTaken: name == Self.taken)
    return FilePlace(moved: target, report: report == nil ? nil : "a report beside it")
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
