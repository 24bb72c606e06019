// Safety: file descriptors are owned by one object each and closed once; bytes are written from what is lent, and read
// into memory of the size that is asked for.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Copies in a folder of this machine: `<root>/<task>/`, for nobody else's eyes.
///
/// A lock on a file in a task's folder says whose it is; the kernel takes it from a process that ends.
package struct DiskCopyStore: CopyStore {
  /// Copies that nobody has written for so long are of tasks that are at home elsewhere.
  package static let longestSilence = 7 * 86_400

  private let root: String

  /// - Parameter root: is made if need be.
  package init(_ root: String) throws {
    self.root = root
    try DiskCopyStore.makeFolder(root)
    removeForgotten()
  }

  package func open(_ task: String) throws -> (any CopyFolder)? {
    let path = root + "/" + task
    try DiskCopyStore.makeFolder(path)
    removeForgotten()
    return try DiskCopyFolder(path)
  }

  /// Removes copies that nobody has and nobody has written for long.
  private func removeForgotten() {
    let oldest = time(nil) - DiskCopyStore.longestSilence
    for task in (try? DiskCopyFolder.entries(of: root)) ?? [] {
      let path = root + "/" + task
      let names = ((try? DiskCopyFolder.entries(of: path)) ?? []).filter(DiskCopyFolder.isCopy)
      let isForgotten =
        !names.isEmpty
        && names.allSatisfy { name in
          var status = stat()
          return lstat(path + "/" + name, &status) == 0 && status.st_mtim.tv_sec < oldest
        }
      guard isForgotten, let folder = try? DiskCopyFolder(path) else { continue }
      for name in names { try? folder.remove(name) }
      folder.close()
    }
  }

  private static func makeFolder(_ path: String) throws {
    var made = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      made += made.isEmpty && !path.hasPrefix("/") ? "\(part)" : "/\(part)"
      guard !part.isEmpty, mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
      // Those above may be nobody's to write.
      if made == path { throw FileError("make", path) }
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw FileError("make", path, ENOTDIR)
    }
  }
}

/// A call that failed, with the system's words.
struct FileError: Error, CustomStringConvertible {
  let description: String
  let code: Int32

  init(_ verb: String, _ path: String, _ code: Int32 = errno) {
    self.code = code
    description = "cannot \(verb) \(path): \(String(cString: strerror(code)))"
  }
}

/// The files of a task's copy on disk.
private final class DiskCopyFolder: CopyFolder {
  private static let lockName = "lock"
  /// Writes of more than a second each, one after the other, after which the disk is given up.
  private static let mostSlow = 3

  let token = UInt64.random(in: .min ... .max)
  let formerToken: UInt64?
  private let path: String
  private var lock: Int32
  /// The file that is written to, which most often is the one of before.
  private var current: (name: String, descriptor: Int32)?
  private var slowWrites = 0

  /// - Returns: nil where another has the lock.
  init?(_ path: String) throws {
    self.path = path
    let lockPath = path + "/" + DiskCopyFolder.lockName
    lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard lock >= 0 else { throw FileError("open", lockPath) }
    var former: UInt64 = 0
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      Self.close(lock)
      formerToken = nil
      if code == EWOULDBLOCK { return nil }
      throw FileError("lock", lockPath, code)
    }
    let size = MemoryLayout<UInt64>.size
    formerToken = pread(lock, &former, size, 0) == size ? former : nil
    var own = token
    guard pwrite(lock, &own, size, 0) == size else {
      let code = errno
      Self.close(lock)
      throw FileError("write", lockPath, code)
    }
  }

  deinit { close() }

  private static func close(_ descriptor: Int32) {
    #if canImport(Glibc)
      _ = Glibc.close(descriptor)
    #else
      _ = Musl.close(descriptor)
    #endif
  }

  func close() {
    closeCurrent()
    if lock >= 0 { Self.close(lock) }
    lock = -1
  }

  private func closeCurrent() {
    if let current { Self.close(current.descriptor) }
    current = nil
  }

  private func path(_ name: String) -> String { path + "/" + name }

  static func isCopy(_ name: String) -> Bool { name != lockName }

  func names() throws -> [String] { try Self.entries(of: path).filter(Self.isCopy) }

  /// What is in a folder.
  static func entries(of path: String) throws -> [String] {
    guard let folder = opendir(path) else { throw FileError("read", path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  func size(of name: String) throws -> Int {
    var status = stat()
    guard lstat(path(name), &status) == 0 else { throw FileError("read", path(name)) }
    return Int(status.st_size)
  }

  func read(_ name: String) throws -> [UInt8] {
    let descriptor = open(path(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw FileError("open", path(name)) }
    defer { Self.close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError("read", path(name)) }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    return try [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count {
        let got = pread(descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(count))
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw FileError("read", path(name)) }
        if got == 0 { break }
        count += got
      }
    }
  }

  func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws {
    let began = ContinuousClock.now
    if current?.name != name {
      closeCurrent()
      let descriptor = open(
        path(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else { throw FileError("open", path(name)) }
      current = (name, descriptor)
    }
    try write(bytes, to: current!.descriptor, name)
    slowWrites = began.duration(to: .now) > .seconds(1) ? slowWrites + 1 : 0
    if slowWrites >= DiskCopyFolder.mostSlow { throw CopyError.slow }
  }

  private func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ name: String
  ) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, part.baseAddress, part.count)
      #else
        let written = Musl.write(descriptor, part.baseAddress, part.count)
      #endif
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw FileError("write", path(name)) }
      rest = rest.dropFirst(written)
    }
  }

  func truncate(_ name: String, to count: Int) throws {
    #if canImport(Glibc)
      let result = Glibc.truncate(path(name), off_t(count))
    #else
      let result = Musl.truncate(path(name), off_t(count))
    #endif
    guard result == 0 else { throw FileError("cut", path(name)) }
  }

  func replace(_ name: String, with bytes: UnsafeRawBufferPointer) throws {
    if current?.name == name { closeCurrent() }
    let temporary = path(name) + ".new"
    let descriptor = open(
      temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError("open", temporary) }
    defer { Self.close(descriptor) }
    try write(bytes, to: descriptor, name + ".new")
    guard rename(temporary, path(name)) == 0 else { throw FileError("rename", temporary) }
  }

  func remove(_ name: String) throws {
    if current?.name == name { closeCurrent() }
    // One that is gone already is what is wanted.
    guard unlink(path(name)) == 0 || errno == ENOENT else { throw FileError("remove", path(name)) }
  }
}
