import Kafka
import Pipeline
import Traffic

// Safety: `@unchecked Sendable` because a simulation lives on one thread.

/// The disk of a simulated machine with the copies of its tasks: files tear when their process is killed, and somebody
/// else may do anything to them.
package final class MemoryCopyStore: CopyStore, @unchecked Sendable {
  fileprivate final class Files {
    var contents: [String: [UInt8]] = [:]
    var token: UInt64?
    weak var holder: MemoryCopyFolder?
  }

  /// How often what goes wrong, of ten thousand writes.
  package struct Faults: Sendable {
    package var kill: Int64 = 0
    package var fail: Int64 = 0

    package init(kill: Int64 = 0, fail: Int64 = 0) {
      self.kill = kill
      self.fail = fail
    }
  }

  package var faults = Faults()
  fileprivate var random: SeededRandom
  fileprivate var folders: [String: Files] = [:]
  private var snapshots: [String: [String: [UInt8]]] = [:]
  private let process: () -> SimulatedProcess

  /// - Parameter process: the one whose code is running.
  package init(seed: UInt64, process: @escaping () -> SimulatedProcess) {
    random = SeededRandom(seed: seed)
    self.process = process
  }

  package func open(_ task: String) throws -> (any CopyFolder)? {
    let files = folders[task] ?? Files()
    folders[task] = files
    if let holder = files.holder, !holder.isClosed, !holder.process.isDead { return nil }
    return MemoryCopyFolder(files, self, process())
  }

  /// The names of tasks that have files, and their sizes.
  package var fileSizes: [String: [String: Int]] {
    folders.mapValues { $0.contents.mapValues(\.count) }
  }

  package subscript(task: String, file: String) -> [UInt8]? {
    get { folders[task]?.contents[file] }
    set { folders[task]?.contents[file] = newValue }
  }

  // MARK: What happens to a disk

  /// Does something to the files of a task, whoever has them.
  ///
  /// - Returns: what, in words; nil where there was nothing to do it to.
  package func disturb() -> String? {
    let names = folders.filter { !$0.value.contents.isEmpty }.keys.sorted()
    guard !names.isEmpty else { return nil }
    let task = names[Int(random.below(Int64(names.count)))]
    let files = folders[task]!
    let sorted = files.contents.keys.sorted()
    let file = random.below(2) == 0 ? sorted.last! : sorted[Int(random.below(Int64(sorted.count)))]
    let count = files.contents[file]!.count
    switch random.below(7) {
    case 0:
      files.contents[file]!.removeLast(Int(random.below(Int64(count) + 1)))
      return "\(task): \(file) is cut"
    case 1:
      guard count > 0 else { return nil }
      files.contents[file]![Int(random.below(Int64(count)))] ^= 1 << UInt8(random.below(8))
      return "\(task): \(file) is damaged"
    case 2:
      files.contents[file] = nil
      return "\(task): \(file) is lost"
    case 3:
      guard let former = snapshots[task]?[file] else { return nil }
      files.contents[file] = former
      return "\(task): \(file) is an older one"
    case 4:
      guard let former = snapshots[task] else { return nil }
      files.contents = former
      return "\(task): all files are older ones"
    case 5:
      let other = folders[names[Int(random.below(Int64(names.count)))]]!
      files.contents = other.contents
      return "\(task): files of another task"
    default:
      snapshots[task] = files.contents
      return nil
    }
  }

  /// What the machine had not written yet when its power went is lost: the ends of files, or zeros in their place.
  package func losePower() {
    for name in folders.keys.sorted() {
      let files = folders[name]!
      for file in files.contents.keys.sorted() where random.below(3) == 0 {
        let count = files.contents[file]!.count
        let lost = Int(random.below(Int64(min(count, 600)) + 1))
        files.contents[file]!.removeLast(lost)
        if random.below(2) == 0 { files.contents[file]! += [UInt8](repeating: 0, count: lost) }
      }
    }
  }
}

/// One holder's hold on the files of a task.
private final class MemoryCopyFolder: CopyFolder {
  private struct DiskFull: Error {}

  let token: UInt64
  let formerToken: UInt64?
  let process: SimulatedProcess
  private(set) var isClosed = false
  private let files: MemoryCopyStore.Files
  private let store: MemoryCopyStore

  init(_ files: MemoryCopyStore.Files, _ store: MemoryCopyStore, _ process: SimulatedProcess) {
    self.files = files
    self.store = store
    self.process = process
    formerToken = files.token
    token = store.random.next()
    files.token = token
    files.holder = self
  }

  private func check() throws {
    if process.isDead { throw ProcessKilled() }
    precondition(!isClosed && files.holder === self, "files of another holder")
  }

  func names() throws -> [String] {
    try check()
    return files.contents.keys.sorted()
  }

  func size(of name: String) throws -> Int { try read(name).count }

  func read(_ name: String) throws -> [UInt8] {
    try check()
    guard let found = files.contents[name] else { throw DiskFull() }
    return found
  }

  func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws {
    try write(bytes) { files.contents[name, default: []] += $0 }
  }

  func replace(_ name: String, with bytes: UnsafeRawBufferPointer) throws {
    try write(bytes) { part in
      if part.count == bytes.count {
        files.contents[name] = Array(part)
      } else {
        files.contents[name + ".new"] = Array(part)
      }
    }
  }

  private func write(
    _ bytes: UnsafeRawBufferPointer, _ body: (Slice<UnsafeRawBufferPointer>) -> Void
  ) throws {
    try check()
    let draw = store.random.below(10_000)
    guard draw < store.faults.kill + store.faults.fail else { return body(bytes[...]) }
    body(bytes.prefix(Int(store.random.below(Int64(bytes.count) + 1))))
    if draw < store.faults.kill {
      process.kill()
      throw ProcessKilled()
    }
    throw DiskFull()
  }

  func truncate(_ name: String, to count: Int) throws {
    try check()
    files.contents[name] = Array(files.contents[name, default: []].prefix(count))
  }

  func remove(_ name: String) throws {
    try check()
    files.contents[name] = nil
  }

  func close() { isClosed = true }
}
