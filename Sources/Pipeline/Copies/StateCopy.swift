import Attribution
import Logging

/// A copy of one task's live state on this machine: its changelog records and, behind those of each commit, its progress record.
///
/// The topic is the truth, the copy a cache of it: whoever restores the task takes the copy only where the topic has the copy's
/// last progress record, byte for byte, and reads what was written after it.
///
/// The records lie in segments, in the order in which they were written. A commit counts once its block is whole; what
/// lies behind the last one belongs to a transaction that came to nothing, and is cut off. Segments of which
/// less than half is live are written anew, one per commit. Whatever goes wrong with the files, the task goes on: the
/// copy is given up.
package final class StateCopy {
  /// Bytes at which the next segment begins: what is rewritten, or read, at once.
  package static let segmentBytes = 16 << 20
  /// Bytes that wait to be written, at most about.
  private static let pendingBytes = 1 << 20

  struct Segment {
    let number: UInt64
    var byteCount = 0
    /// Bytes of records that are live.
    var live: [StateBucket: Int] = [:]

    var name: String { StateCopy.name(number) }
    var liveBytes: Int { live.values.reduce(0, +) }
  }

  /// What the copy holds as of its last commit; nil where it is empty.
  private(set) var last: CopyCommit?
  let seed: UInt64
  private let reopen: () throws -> (any CopyFolder)?
  private let giveUp: (any Error) -> Void
  private let segmentLimit: Int
  /// Nil while somebody else may have it, and for good once it is given up.
  private var folder: (any CopyFolder)?
  private var token: UInt64?
  var segments: [Segment] = []
  /// Where the last segment's last commit ends, while the copy is not loaded.
  private var commitEnd = 0
  /// The segment that is loaded next; nil once all are.
  private var nextToLoad: Int?
  private var buckets: [StateBucket: CopyContents] = [:]
  private var pending: [UInt8] = []

  /// - Parameters:
  ///   - seed: of all checksums: what tells the task's blocks from others.
  ///   - open: takes the task's folder.
  ///   - giveUp: is told why there is no copy any more.
  init?(
    seed: UInt64, segmentLimit: Int = StateCopy.segmentBytes,
    open: @escaping () throws -> (any CopyFolder)?, giveUp: @escaping (any Error) -> Void
  ) throws {
    guard let folder = try open() else { return nil }
    self.seed = seed
    self.segmentLimit = segmentLimit
    reopen = open
    self.giveUp = giveUp
    self.folder = folder
    token = folder.token
    do {
      try findLastCommit(in: folder)
    } catch {
      giveUp(error)
      clear()
    }
  }

  deinit { folder?.close() }

  /// Whether commits still go to it.
  var isOpen: Bool { folder != nil }
  /// Bytes of all files.
  var byteCount: Int { segments.reduce(0) { $0 + $1.byteCount } }

  private static func name(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: max(0, 12 - digits.count)) + digits + ".copy"
  }

  private static func number(_ name: String) -> UInt64? {
    guard name.hasSuffix(".copy"), let number = UInt64(name.dropLast(5), radix: 16),
      self.name(number) == name
    else { return nil }
    return number
  }

  // MARK: Finding

  /// Looks for the last whole commit, from the end.
  private func findLastCommit(in folder: any CopyFolder) throws {
    let names = try folder.names()
    for name in names where StateCopy.number(name) == nil { try folder.remove(name) }
    segments = try names.compactMap(StateCopy.number).sorted().map { number in
      Segment(number: number, byteCount: try folder.size(of: StateCopy.name(number)))
    }
    while let segment = segments.last {
      let bytes = try folder.read(segment.name)
      bytes.withUnsafeBytes { bytes in
        var offset = 0
        while let block = CopyBlock(bytes[offset...], seed: seed) {
          offset += block.byteCount
          guard let commit = CopyCommit(block) else { continue }
          last = commit
          commitEnd = offset
        }
      }
      if last != nil {
        nextToLoad = 0
        return
      }
      // Of a transaction that was not committed, or nothing that can be read.
      try folder.remove(segment.name)
      segments.removeLast()
    }
  }

  /// Forgets everything, and begins anew.
  func clear() {
    guard let folder else { return }
    do {
      for name in try folder.names() { try folder.remove(name) }
      let next = (segments.last?.number ?? 0) + 1
      segments = [Segment(number: next)]
      (last, nextToLoad, commitEnd) = (nil, nil, 0)
      buckets.removeAll()
      pending.removeAll()
    } catch {
      abandon(error)
    }
  }

  // MARK: Loading

  /// Whether it holds something that has not been loaded.
  var isToBeLoaded: Bool { folder != nil && nextToLoad != nil }
  /// Bytes of files that have not been loaded, about.
  var bytesToLoad: Int {
    nextToLoad.map { segments[$0...].reduce(0) { $0 + $1.byteCount } } ?? 0
  }

  /// Lends the records of the next segment, in the order in which they were written.
  ///
  /// - Returns: whether that was the last.
  /// - Throws: where the copy is not what it should be: it is to be cleared then.
  func loadSegment(
    _ body: (_ serial: UInt64, StateBucket, UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    guard let folder, let last, let index = nextToLoad else { return true }
    let isLast = index == segments.count - 1
    let bytes = try folder.read(segments[index].name)
    let end = isLast ? commitEnd : bytes.count
    guard end <= bytes.count else { throw CopyError.damaged }
    try bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < end {
        guard let block = CopyBlock(bytes[offset..<end], seed: seed) else {
          throw CopyError.damaged
        }
        offset += block.byteCount
        guard block.kind == .record, last.live.contains(block.bucket) else { continue }
        note(block.bucket, block.checksum, block.byteCount, in: index)
        try body(block.serial, block.bucket, block.payload)
      }
    }
    segments[index].byteCount = end
    nextToLoad = isLast ? nil : index + 1
    guard isLast else { return false }
    guard contents == last.contents else { throw CopyError.incomplete }
    if bytes.count > end { try folder.truncate(segments[index].name, to: end) }
    return true
  }

  private var contents: CopyContents {
    buckets.values.reduce(into: CopyContents()) { $0.add($1) }
  }

  private func note(_ bucket: StateBucket, _ checksum: UInt64, _ byteCount: Int, in segment: Int) {
    buckets[bucket, default: CopyContents()].add(checksum)
    segments[segment].live[bucket, default: 0] += byteCount
  }

  // MARK: Writing

  /// Takes a record of the open transaction.
  func append(serial: UInt64, bucket: StateBucket, _ payload: UnsafeRawBufferPointer) {
    guard folder != nil else { return }
    guard nextToLoad == nil else { return abandon(CopyError.incomplete) }
    if segments.isEmpty { segments.append(Segment(number: 1)) }
    let checksum = CopyBlock.append(
      .record, bucket: bucket, serial: serial, payload, seed: seed, to: &pending)
    note(bucket, checksum, CopyBlock.headerBytes + payload.count, in: segments.count - 1)
    guard pending.count >= min(StateCopy.pendingBytes, segmentLimit) else { return }
    attempt {
      try write($0)
      if segments[segments.count - 1].byteCount >= segmentLimit { beginSegment() }
    }
  }

  /// The transaction of the records before has been committed.
  ///
  /// - Parameters:
  ///   - progress: the progress record that it wrote.
  ///   - serial: that of the next record.
  ///   - live: the buckets that are kept.
  ///   - position: an offset of the state partition that is not behind the progress record's.
  ///   - time: by the wall clock.
  func commit(
    _ progress: [UInt8], serial: UInt64, live: LiveBuckets, position: Int64, time: Milliseconds
  ) {
    attempt { folder in
      guard nextToLoad == nil else { throw CopyError.incomplete }
      if segments.isEmpty { segments.append(Segment(number: 1)) }
      if live != last?.live { forget(allBut: live) }
      let commit = CopyCommit(
        progress: progress, serial: serial, live: live, contents: contents, position: position,
        time: time)
      commit.payload.withUnsafeBytes {
        _ = CopyBlock.append(
          .commit, bucket: StateBucket(number: 0), serial: serial, $0, seed: seed, to: &pending)
      }
      try write(folder)
      last = commit
      try reclaim(folder)
      if segments[segments.count - 1].byteCount >= segmentLimit { beginSegment() }
    }
  }

  /// Does something with the files; where it fails there is no copy any more.
  private func attempt(_ body: (any CopyFolder) throws -> Void) {
    guard let folder else { return }
    do { try body(folder) } catch { abandon(error) }
  }

  /// Gives the copy up, and the room that it takes.
  private func abandon(_ error: any Error) {
    guard let folder else { return }
    for segment in segments.reversed() { try? folder.remove(segment.name) }
    release()
    segments = []
    buckets = [:]
    last = nil
    token = nil
    giveUp(error)
  }

  private func write(_ folder: any CopyFolder) throws {
    try pending.withUnsafeBytes { try folder.append($0, to: segments[segments.count - 1].name) }
    segments[segments.count - 1].byteCount += pending.count
    pending.removeAll(keepingCapacity: true)
  }

  private func beginSegment() {
    segments.append(Segment(number: segments[segments.count - 1].number + 1))
  }

  private func forget(allBut live: LiveBuckets) {
    for bucket in buckets.keys.filter({ !live.contains($0) }) {
      buckets[bucket] = nil
      for index in segments.indices { segments[index].live[bucket] = nil }
    }
  }

  // MARK: Lending

  /// Lets others have the folder: the task is suspended, or closed. What has not been committed is left out.
  func release() {
    folder?.close()
    folder = nil
    pending.removeAll()
  }

  /// Takes the folder back, right after a commit and a `release`.
  ///
  /// - Returns: false where another had it meanwhile, or has it now: the copy is given up then.
  func retake() -> Bool {
    guard folder == nil, let token, let found = try? reopen() else { return false }
    guard found.formerToken == token else {
      found.close()
      self.token = nil
      return false
    }
    folder = found
    self.token = found.token
    return true
  }
}
