// Safety: slabs are allocated and freed here; a large segment handed out lies within one slab, is
// handed out once until it is given back, and begins at a multiple of its size, as its slab does.

/// Segments of two sizes. Large ones are cut from slabs the size of a huge page, because records are
/// read at random; a slab whose segments have all come back is freed.
struct SegmentPool: ~Copyable {
  enum Size: Int {
    case small = 4_096
    case large = 16_384
  }

  private static let slabSize = TableMemory.hugePage
  private static let segmentsPerSlab = slabSize / Size.large.rawValue

  private var available: [UnsafeMutableRawPointer] = []
  /// How many segments of each slab are in use.
  private var uses: [UnsafeMutableRawPointer: Int] = [:]
  private var smallCount = 0

  init() {}

  deinit {
    for slab in uses.keys { SegmentPool.free(slab) }
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
      SegmentPool.free(slab)
    }
  }

  private static func free(_ slab: UnsafeMutableRawPointer) {
    TableMemory.deallocate(slab, slabSize)
  }

  private static func slab(of segment: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(
      bitPattern: UInt(bitPattern: segment) & ~UInt(slabSize - 1))!
  }

  private mutating func addSlab() {
    let memory = TableMemory.allocate(SegmentPool.slabSize)
    uses[memory] = 0
    for index in (0..<SegmentPool.segmentsPerSlab).reversed() {
      available.append(memory + index * Size.large.rawValue)
    }
  }
}
