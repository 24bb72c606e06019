// Safety: name lists are made and freed here, `publishedNames` together with the tuple that they are of; what `name` lends is valid until `collect`. `creditedNames` is
// allocated and freed here, and has a place for every slot.

/// What a touch stands for: its campaign, channel and ad, and the values of its configured fields, interned as one
/// small number. What a conversion stands for that no touch earned has one as well, and so has what a touch earned
/// of a conversion that has values of its own.
///
/// Every view projects a tuple to a *group*, the view's combination of dimension values as rollups spell them, also
/// a small number; two tuples that agree on a view's dimensions share the group.
struct DimensionTupleTable: ~Copyable {
  /// Earns what no touch earned of conversions without values of their own; every dimension of touches reads
  /// `(unattributed)`.
  static let unattributed: UInt32 = 0

  private struct DimensionTuple {
    var names: NameList
    var hash: Hash128
    var isDirect: Bool
    /// Told apart from a touch whose campaign, channel and ad are really called so.
    var isUnattributed: Bool
    /// Whether it has a value of a field that only conversions have.
    var hasConversionValue: Bool
    var isFree: Bool
  }

  private struct Group {
    var view: Int
    /// Of the view's dimensions.
    var names: NameList
    var memberCount: Int
  }

  /// The slots of each view's dimensions.
  private let slotsOfViews: [[Int]]
  /// A tuple's names: one for every dimension that there is.
  private let slotCount: Int
  /// Where the values of a conversion begin.
  private let firstConversionValue: Int
  /// From here on slots belong to conversions alone.
  private let firstConversionDimension: Int
  private let directChannels: [[UInt8]]
  private let unattributedBytes = Array(unattributedName.utf8)
  private var tuples: [DimensionTuple] = []
  private var freeTuples: [UInt32] = []
  /// `groups[tuple * views.count + view]`
  private var groupOf: [UInt32] = []
  private var groups: [Group] = []
  private var freeGroups: [UInt32] = []
  /// The names of tuples as rollups spell them, where that is not how they are. Nearly always empty.
  private var publishedNames: [UInt32: NameList] = [:]
  private var index = NumberIndex()
  private var groupIndex = NumberIndex()
  /// Allocated for names, with what the allocator adds.
  private var nameBytes = 0
  private let key: IdentityKey
  private let creditedNames: UnsafeMutablePointer<BorrowedBytes>

  init(definitions: Definitions, key: IdentityKey) {
    self.key = key
    let dimensions = definitions.allDimensions
    slotCount = dimensions.count
    firstConversionValue = Dimension.standardCount + definitions.dimensions.count
    firstConversionDimension = slotCount - definitions.conversionDimensions.count
    slotsOfViews = definitions.views.map { view in
      view.dimensions.map { dimension in
        guard let slot = dimensions.firstIndex(of: dimension) else {
          preconditionFailure(
            "view \(view.name) lists \(dimension.rawValue), which is no dimension")
        }
        return slot
      }
    }
    directChannels = definitions.directChannels.map { Array($0.utf8) }
    creditedNames = .allocate(capacity: slotCount)
    let reserved = intern(unattributed: key.hash(unattributed: .none), .none, bucket: .max)
    precondition(reserved == DimensionTupleTable.unattributed)
  }

  deinit {
    for tuple in tuples where !tuple.isFree { tuple.names.deallocate() }
    for names in publishedNames.values { names.deallocate() }
    for group in groups where group.memberCount > 0 { group.names.deallocate() }
    creditedNames.deallocate()
  }

  /// Bytes held, all overhead included. O(1).
  var byteCount: Int {
    nameBytes + tuples.capacity * MemoryLayout<DimensionTuple>.stride
      + groups.capacity * MemoryLayout<Group>.stride
      + (groupOf.capacity + freeTuples.capacity + freeGroups.capacity) * 4
      + index.byteCount + groupIndex.byteCount
  }

  /// Number of tuples in use, the unattributed one included.
  var count: Int { tuples.count - freeTuples.count }

  private var viewCount: Int { slotsOfViews.count }

  // MARK: Tuples

  /// Has the memory fetched in which `intern` will look.
  func prefetch(_ hash: Hash128) { index.prefetch(hash) }

  /// The tuple's number; allocates only for one not seen before. Names that share a hash are told apart.
  ///
  /// - Parameter hash: of the names.
  mutating func intern(_ hash: Hash128, _ names: DimensionNames, bucket: UInt64) -> UInt32 {
    let found = index.use(hash, in: bucket) { number in
      tuples[Int(number)].isUnattributed == names.isUnattributed
        && tuples[Int(number)].names.equals { names[$0] }
    }
    return found ?? add(hash, names, bucket)
  }

  /// The number of what a conversion stands for that no touch earned.
  ///
  /// - Parameter values: of the conversion's configured fields.
  mutating func intern(
    unattributed hash: Hash128, _ values: ConfiguredValues, bucket: UInt64
  ) -> UInt32 {
    unattributedBytes.withUnsafeBytes { name in
      let names = DimensionNames(
        unattributed: BorrowedBytes(name), values: values, firstValue: firstConversionValue)
      return intern(hash, names, bucket: bucket)
    }
  }

  /// The number of what a touch earned of a conversion: the touch's names, and those that only the conversion has.
  mutating func credited(
    _ touch: UInt32, of conversion: UInt32, bucket: UInt64
  ) -> UInt32 {
    guard tuples[Int(conversion)].hasConversionValue else { return touch }
    let (left, right) = (tuples[Int(touch)], tuples[Int(conversion)])
    for slot in 0..<slotCount {
      let names = slot < firstConversionDimension ? left.names : right.names
      (creditedNames + slot).initialize(to: names[slot])
    }
    let names = DimensionNames(
      campaign: creditedNames[Dimension.campaignSlot],
      channel: creditedNames[Dimension.channelSlot], ad: creditedNames[Dimension.adSlot],
      values: ConfiguredValues(
        start: creditedNames + Dimension.standardCount,
        count: slotCount - Dimension.standardCount, matching: 0..<0))
    return intern(key.hash(credited: left.hash, right.hash), names, bucket: bucket)
  }

  @inline(never)
  private mutating func add(
    _ hash: Hash128, _ names: DimensionNames, _ bucket: UInt64
  ) -> UInt32 {
    let list = NameList(count: slotCount) { names[$0] }
    let tuple = DimensionTuple(
      names: list, hash: hash,
      isDirect: directChannels.contains { $0.elementsEqual(names.channel.buffer) },
      isUnattributed: names.isUnattributed,
      hasConversionValue: (firstConversionDimension..<slotCount).contains { !list[$0].isEmpty },
      isFree: false)
    let number: UInt32
    if let free = freeTuples.popLast() {
      number = free
      tuples[Int(free)] = tuple
    } else {
      number = UInt32(tuples.count)
      tuples.append(tuple)
      groupOf.append(contentsOf: repeatElement(0, count: viewCount))
    }
    index.insert(hash, number, bucket: bucket)
    nameBytes += list.allocatedBytes
    if !names.isUnattributed { putPublishedNames(of: number) }
    for view in 0..<viewCount { join(number, view) }
    return number
  }

  /// Keeps apart from what no touch earned what a touch is really called.
  private mutating func putPublishedNames(of tuple: UInt32) {
    let list = tuples[Int(tuple)].names
    func isSpelledOtherwise(_ slot: Int) -> Bool {
      slot < firstConversionValue && readsUnattributed(list[slot].buffer)
    }
    guard (0..<firstConversionValue).contains(where: isSpelledOtherwise) else { return }
    // A name has at most 255 bytes; each is copied before the next is asked for.
    let spelled = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    defer { spelled.deallocate() }
    spelled[0] = UInt8(ascii: "\\")
    let published = NameList(count: slotCount) { slot in
      let name = list[slot]
      guard isSpelledOtherwise(slot) else { return name }
      (spelled + 1).update(from: name.start, count: name.count)
      return BorrowedBytes(start: spelled, count: name.count + 1)
    }
    publishedNames[tuple] = published
    nameBytes += published.allocatedBytes
  }

  func isDirect(_ tuple: UInt32) -> Bool { tuples[Int(tuple)].isDirect }

  /// A tuple's value of the dimension with this slot.
  func name(_ tuple: UInt32, slot: Int) -> BorrowedBytes {
    tuples[Int(tuple)].names[slot]
  }

  /// The same as rollups spell it.
  private func publishedName(_ tuple: UInt32, slot: Int) -> BorrowedBytes {
    if !publishedNames.isEmpty, let names = publishedNames[tuple] { return names[slot] }
    return name(tuple, slot: slot)
  }

  /// Frees the tuples that only dropped buckets used. O(tuples); call when no delta is open.
  mutating func collect(before bucket: UInt64) {
    for number in index.numbers(lastUsedBefore: bucket) {
      let tuple = tuples[Int(number)]
      index.remove(tuple.hash, number)
      for view in 0..<viewCount { leave(number, view) }
      nameBytes -= tuple.names.allocatedBytes
      tuple.names.deallocate()
      if let names = publishedNames.removeValue(forKey: number) {
        nameBytes -= names.allocatedBytes
        names.deallocate()
      }
      tuples[Int(number)].isFree = true
      freeTuples.append(number)
    }
  }

  // MARK: Groups

  func group(of tuple: UInt32, view: Int) -> UInt32 {
    groupOf[Int(tuple) * viewCount + view]
  }

  func view(ofGroup group: UInt32) -> Int { groups[Int(group)].view }

  /// A group's values of its view's dimensions.
  func names(ofGroup group: UInt32) -> NameList { groups[Int(group)].names }

  private mutating func join(_ tuple: UInt32, _ view: Int) {
    let hash = groupHash(tuple, view)
    let number: UInt32
    if let found = groupIndex.number(of: hash, where: { holds($0, tuple, view) }) {
      number = found
      groups[Int(found)].memberCount += 1
    } else {
      let slots = slotsOfViews[view]
      let names = NameList(count: slots.count) { publishedName(tuple, slot: slots[$0]) }
      let group = Group(view: view, names: names, memberCount: 1)
      if let free = freeGroups.popLast() {
        number = free
        groups[Int(free)] = group
      } else {
        number = UInt32(groups.count)
        groups.append(group)
      }
      groupIndex.insert(hash, number)
      nameBytes += names.allocatedBytes
    }
    groupOf[Int(tuple) * viewCount + view] = number
  }

  private mutating func leave(_ tuple: UInt32, _ view: Int) {
    let number = group(of: tuple, view: view)
    groups[Int(number)].memberCount -= 1
    guard groups[Int(number)].memberCount == 0 else { return }
    groupIndex.remove(groupHash(tuple, view), number)
    nameBytes -= groups[Int(number)].names.allocatedBytes
    groups[Int(number)].names.deallocate()
    freeGroups.append(number)
  }

  /// Whether a group of the view has the tuple's values of its dimensions.
  private func holds(_ group: UInt32, _ tuple: UInt32, _ view: Int) -> Bool {
    let slots = slotsOfViews[view]
    return groups[Int(group)].view == view
      && groups[Int(group)].names.equals { publishedName(tuple, slot: slots[$0]) }
  }

  private func groupHash(_ tuple: UInt32, _ view: Int) -> Hash128 {
    var hash = Hash128(
      high: UInt64(truncatingIfNeeded: view) &* key.multiplier, low: 0)
    for (index, slot) in slotsOfViews[view].enumerated() {
      hash = key.hash(publishedName(tuple, slot: slot), at: index, behind: hash)
    }
    return hash
  }
}
