// Safety: name bytes are allocated and freed here; what `name` lends is valid until `collect`.

/// What a touch stands for: its campaign, channel and ad, interned as one small number.
///
/// Every view projects a placement to a *group*, the view's combination of dimension values, also
/// a small number; two placements that agree on a view's dimensions share the group.
struct PlacementTable: ~Copyable {
  /// Earns what no touch earned; every dimension reads `(unattributed)`.
  static let unattributed: UInt32 = 0

  private struct Names {
    var bytes: UnsafeMutablePointer<UInt8>
    var campaignCount: UInt8
    var channelCount: UInt8
    var adCount: UInt8
    var count: Int { Int(campaignCount) + Int(channelCount) + Int(adCount) }
  }

  private struct Placement {
    var names: Names
    var isDirect: Bool
    var isFree: Bool
  }

  private struct Group {
    var view: Int
    /// Names of its first member, which has this group's dimension values.
    var names: Names
    var memberCount: Int
  }

  private let views: [View]
  private let directChannels: [[UInt8]]
  private var placements: [Placement] = []
  private var freePlacements: [UInt32] = []
  /// `groups[placement * views.count + view]`
  private var groupOf: [UInt32] = []
  private var groups: [Group] = []
  private var freeGroups: [UInt32] = []
  private var index = NumberIndex()
  private var groupIndex = NumberIndex()
  /// Allocated for names, with what the allocator adds.
  private var nameBytes = 0
  private let key: IdentityKey

  init(views: [View], directChannels: [String], key: IdentityKey) {
    self.key = key
    self.views = views
    self.directChannels = directChannels.map { Array($0.utf8) }
    let name = Array(unattributedName.utf8)
    name.withUnsafeBytes { buffer in
      let bytes = BorrowedBytes(buffer)
      let reserved = intern(
        key.hash(bytes, bytes, bytes), campaign: bytes, channel: bytes, ad: bytes, bucket: .max)
      precondition(reserved == PlacementTable.unattributed)
    }
  }

  deinit {
    for placement in placements where !placement.isFree { placement.names.bytes.deallocate() }
    for group in groups where group.memberCount > 0 { group.names.bytes.deallocate() }
  }

  /// Bytes held, all overhead included. O(1).
  var byteCount: Int {
    nameBytes + placements.capacity * MemoryLayout<Placement>.stride
      + groups.capacity * MemoryLayout<Group>.stride
      + (groupOf.capacity + freePlacements.capacity + freeGroups.capacity) * 4
      + index.byteCount + groupIndex.byteCount
  }

  /// Number of placements in use, the unattributed one included.
  var count: Int { placements.count - freePlacements.count }

  /// Has the memory fetched in which `intern` will look.
  func prefetch(_ hash: Hash128) { index.prefetch(hash) }

  /// The placement's number; allocates only for one not seen before. Names that share a hash are told apart.
  ///
  /// - Parameter hash: of the three names.
  mutating func intern(
    _ hash: Hash128, campaign: BorrowedBytes, channel: BorrowedBytes, ad: BorrowedBytes,
    bucket: UInt64
  ) -> UInt32 {
    let found = index.use(hash, in: bucket) { isNamed($0, campaign, channel, ad) }
    if let found { return found }
    let placement = Placement(
      names: PlacementTable.copy(campaign, channel, ad),
      isDirect: directChannels.contains { $0.elementsEqual(channel.buffer) }, isFree: false)
    let number: UInt32
    if let free = freePlacements.popLast() {
      number = free
      placements[Int(free)] = placement
    } else {
      number = UInt32(placements.count)
      placements.append(placement)
      groupOf.append(contentsOf: repeatElement(0, count: views.count))
    }
    index.insert(hash, number, bucket: bucket)
    nameBytes += PlacementTable.allocated(placement.names)
    for view in views.indices { join(number, view) }
    return number
  }

  private func isNamed(
    _ placement: UInt32, _ campaign: BorrowedBytes, _ channel: BorrowedBytes, _ ad: BorrowedBytes
  ) -> Bool {
    name(placement, .campaignID).equals(campaign) && name(placement, .channel).equals(channel)
      && name(placement, .adID).equals(ad)
  }

  func isDirect(_ placement: UInt32) -> Bool { placements[Int(placement)].isDirect }

  func group(of placement: UInt32, view: Int) -> UInt32 {
    groupOf[Int(placement) * views.count + view]
  }

  func view(ofGroup group: UInt32) -> Int { groups[Int(group)].view }

  /// A group's value of a dimension.
  func name(ofGroup group: UInt32, _ dimension: Dimension) -> BorrowedBytes {
    PlacementTable.name(groups[Int(group)].names, dimension)
  }

  func name(_ placement: UInt32, _ dimension: Dimension) -> BorrowedBytes {
    PlacementTable.name(placements[Int(placement)].names, dimension)
  }

  private static func name(_ names: Names, _ dimension: Dimension) -> BorrowedBytes {
    let start = UnsafePointer(names.bytes)
    let campaign = Int(names.campaignCount)
    let channel = Int(names.channelCount)
    switch dimension {
    case .campaignID: return BorrowedBytes(start: start, count: campaign)
    case .channel: return BorrowedBytes(start: start + campaign, count: channel)
    case .adID: return BorrowedBytes(start: start + campaign + channel, count: Int(names.adCount))
    }
  }

  /// Frees the placements that only dropped buckets used. O(placements); call when no delta is open.
  mutating func collect(before bucket: UInt64) {
    for placement in index.numbers(lastUsedBefore: bucket) {
      index.remove(
        key.hash(name(placement, .campaignID), name(placement, .channel), name(placement, .adID)),
        placement)
      for view in views.indices { leave(placement, view) }
      nameBytes -= PlacementTable.allocated(placements[Int(placement)].names)
      placements[Int(placement)].names.bytes.deallocate()
      placements[Int(placement)].isFree = true
      freePlacements.append(placement)
    }
  }

  private mutating func join(_ placement: UInt32, _ view: Int) {
    let hash = groupHash(placement, view)
    let number: UInt32
    if let found = groupIndex.number(of: hash, where: { holds($0, placement, view) }) {
      number = found
      groups[Int(found)].memberCount += 1
    } else {
      let names = PlacementTable.copy(
        name(placement, .campaignID), name(placement, .channel), name(placement, .adID))
      let group = Group(view: view, names: names, memberCount: 1)
      if let free = freeGroups.popLast() {
        number = free
        groups[Int(free)] = group
      } else {
        number = UInt32(groups.count)
        groups.append(group)
      }
      groupIndex.insert(hash, number)
      nameBytes += PlacementTable.allocated(names)
    }
    groupOf[Int(placement) * views.count + view] = number
  }

  private mutating func leave(_ placement: UInt32, _ view: Int) {
    let number = group(of: placement, view: view)
    groups[Int(number)].memberCount -= 1
    guard groups[Int(number)].memberCount == 0 else { return }
    nameBytes -= PlacementTable.allocated(groups[Int(number)].names)
    groups[Int(number)].names.bytes.deallocate()
    groupIndex.remove(groupHash(placement, view), number)
    freeGroups.append(number)
  }

  /// Whether a group of the view has the placement's values of its dimensions.
  private func holds(_ group: UInt32, _ placement: UInt32, _ view: Int) -> Bool {
    groups[Int(group)].view == view
      && views[view].dimensions.allSatisfy {
        name(ofGroup: group, $0).equals(name(placement, $0))
      }
  }

  private func groupHash(_ placement: UInt32, _ view: Int) -> Hash128 {
    let dimensions = views[view].dimensions
    func value(_ dimension: Dimension) -> BorrowedBytes {
      dimensions.contains(dimension) ? name(placement, dimension) : .empty
    }
    var hash = key.hash(value(.campaignID), value(.channel), value(.adID))
    hash.high ^= UInt64(truncatingIfNeeded: view) &* key.multiplier
    return hash
  }

  /// What the allocator takes for names: blocks of sixteen bytes, eight of them its own.
  private static func allocated(_ names: Names) -> Int { max(32, names.count + 23 & ~15) }

  private static func copy(
    _ campaign: BorrowedBytes, _ channel: BorrowedBytes, _ ad: BorrowedBytes
  ) -> Names {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(
      capacity: max(1, campaign.count + channel.count + ad.count))
    bytes.update(from: campaign.start, count: campaign.count)
    (bytes + campaign.count).update(from: channel.start, count: channel.count)
    (bytes + campaign.count + channel.count).update(from: ad.start, count: ad.count)
    return Names(
      bytes: bytes, campaignCount: UInt8(campaign.count), channelCount: UInt8(channel.count),
      adCount: UInt8(ad.count))
  }
}
