// Safety: slabs are allocated and freed here; a large segment handed out lies within one slab, is
// handed out once until it is given back, and begins at a multiple of its size, as its slab does.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Segments of two sizes. Large ones are cut from slabs the size of a huge page, because records are
/// read at random; a slab whose segments have all come back is freed.
struct SegmentPool: ~Copyable {
  enum Size: Int {
    case small = 4_096
    case large = 16_384
  }

  private static let slabSize = 2 << 20
  private static let segmentsPerSlab = slabSize / Size.large.rawValue

  private var available: [UnsafeMutableRawPointer] = []
  /// How many segments of each slab are in use.
  private var uses: [UnsafeMutableRawPointer: Int] = [:]
  private var smallCount = 0

  init() {}

  deinit {
    for slab in uses.keys { free(slab) }
  }

  var byteCount: Int { uses.count * SegmentPool.slabSize + smallCount * Size.small.rawValue }

  mutating func take(_ size: Size) -> UnsafeMutableRawPointer {
    guard size == .large else {
      smallCount += 1
      return .allocate(byteCount: size.rawValue, alignment: 16)
    }
    if available.isEmpty { addSlab() }
    let segment = available.removeLast()
    uses[SegmentPool.slab(of: segment)]! += 1
    return segment
  }

  mutating func give(back segment: UnsafeMutableRawPointer, _ size: Size) {
    guard size == .large else {
      smallCount -= 1
      segment.deallocate()
      return
    }
    let slab = SegmentPool.slab(of: segment)
    available.append(segment)
    uses[slab]! -= 1
    // One slab stays for what comes next.
    if uses[slab] == 0 && available.count > SegmentPool.segmentsPerSlab {
      available.removeAll { SegmentPool.slab(of: $0) == slab }
      uses[slab] = nil
      free(slab)
    }
  }

  private static func slab(of segment: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(
      bitPattern: UInt(bitPattern: segment) & ~UInt(slabSize - 1))!
  }

  private mutating func addSlab() {
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, SegmentPool.slabSize, SegmentPool.slabSize) == 0, let memory
    else { fatalError("out of memory") }
    madvise(memory, SegmentPool.slabSize, MADV_HUGEPAGE)
    uses[memory] = 0
    for index in (0..<SegmentPool.segmentsPerSlab).reversed() {
      available.append(memory + index * Size.large.rawValue)
    }
  }
}
