// Safety: each chunk owns its memory and lives as long as a reader lends of it. Chunks never move:
// one that is full is followed by another.

import Cluster
import Kafka

/// The deltas on their way from the first stage to the second, in memory.
///
/// What is read is forgotten. The driver lets the stages take turns, which keeps it short.
final class DeltaQueue: LogReader {
  private final class Chunk {
    static let size = 256 << 10

    let memory: UnsafeMutableRawBufferPointer
    var used = 0
    var records: [(key: Range<Int>, value: Range<Int>)] = []

    init(atLeast size: Int) {
      memory = .allocate(byteCount: max(size, Chunk.size), alignment: 16)
    }

    deinit { memory.deallocate() }

    func append(_ bytes: UnsafeRawBufferPointer) -> Range<Int> {
      UnsafeMutableRawBufferPointer(rebasing: memory[used...]).copyMemory(from: bytes)
      defer { used += bytes.count }
      return used..<used + bytes.count
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[range])
    }
  }

  private var chunks: [Chunk] = []
  private var lent: Chunk?
  private var firstOffset: Int64 = 0
  /// How many records there have ever been.
  private(set) var end: Int64 = 0

  func append(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let size = key.count + value.count
    if chunks.last.map({ $0.used + size > $0.memory.count }) ?? true {
      chunks.append(Chunk(atLeast: size))
    }
    let chunk = chunks[chunks.count - 1]
    chunk.records.append((chunk.append(key), chunk.append(value)))
    end += 1
  }

  func read() throws -> Int {
    firstOffset += Int64(lent?.records.count ?? 0)
    lent = chunks.isEmpty ? nil : chunks.removeFirst()
    return lent?.records.count ?? 0
  }

  subscript(index: Int) -> Record {
    let chunk = lent!
    let record = chunk.records[index]
    return Record(
      partition: 0, offset: firstOffset + Int64(index), timestamp: -1,
      key: chunk.bytes(record.key), value: chunk.bytes(record.value))
  }

  var reachedEnd: Int64? { nil }
  var endOffset: Int64? { nil }
}
