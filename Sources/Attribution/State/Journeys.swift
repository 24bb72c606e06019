// Safety: touches and conversions are records of `arena`, written by `make…` and reached only
// through links that `arena.resolve` has checked. User slots are used within one call of the task.

/// The remembered touches and conversions of every user, in journey order.
///
/// Two singly linked lists per user, newest first. Since buckets are dropped oldest first, a link
/// into a dropped bucket is the end of its list.
struct Journeys: ~Copyable {
  /// Which views see a user, or a session, for the first time in their bucket: a bit per view.
  struct Firsts {
    var users: UInt64
    var sessions: UInt64
  }

  typealias User = UnsafeMutablePointer<UserSlot>

  private(set) var arena = BucketArena()
  private var users = UserTable()
  private var busyUsers = BusyUsers()
  var placements: PlacementTable
  private let views: [View]
  private let rules: EligibilityRules
  private var dirty: [(conversion: ConversionPointer, userHash: Hash128)] = []
  private var eligibleTouches: [TouchPointer] = []
  private var corrected: [ConversionPointer] = []

  init(definitions: Definitions) {
    views = definitions.views
    rules = EligibilityRules(definitions)
    placements = PlacementTable(
      views: definitions.views, directChannels: definitions.directChannels)
  }

  var firstLiveBucket: UInt64 { arena.firstLiveBucket }
  var userCount: Int { users.liveCount(arena) }
  var byteCount: Int { arena.byteCount + users.byteCount + busyUsers.byteCount }

  // MARK: Making records

  mutating func makeTouch(_ event: borrowing Event, bucket: UInt64) -> TouchPointer {
    let placement = placements.intern(
      campaign: event.campaignID, channel: event.channel, ad: event.adID, bucket: bucket)
    let size = MemoryLayout<StoredTouch>.stride + event.eventID.count
    let (link, memory) = arena.append(size, bucket: bucket)
    let touch = memory.bindMemory(to: StoredTouch.self, capacity: 1)
    touch.initialize(
      to: StoredTouch(
        next: link, time: event.time, session: Hash128(event.sessionID).high,
        placement: placement, kind: event.kind, hasSession: !event.sessionID.isEmpty,
        idCount: UInt8(event.eventID.count)))
    touch.setTrailing(0, event.eventID)
    return touch
  }

  mutating func makeConversion(_ event: borrowing Event, bucket: UInt64) -> ConversionPointer {
    let size =
      MemoryLayout<StoredConversion>.stride + event.eventID.count + event.userID.count
    let (link, memory) = arena.append(size, bucket: bucket)
    let conversion = memory.bindMemory(to: StoredConversion.self, capacity: 1)
    conversion.initialize(
      to: StoredConversion(
        next: link, time: event.time, value: event.amount, revision: 0, isDirty: false,
        idCount: UInt8(event.eventID.count), userCount: UInt8(event.userID.count)))
    conversion.setTrailing(0, event.eventID)
    conversion.setTrailing(event.eventID.count, event.userID)
    return conversion
  }

  mutating func user(_ hash: Hash128) -> User { users.slot(for: hash, arena) }

  // MARK: Lists

  /// Puts a touch made by `makeTouch` (whose `next` still is its own link) into the user's list.
  ///
  /// - Returns: the views in whose bucket this user, or this session, is new.
  mutating func insert(_ touch: TouchPointer, into user: User, bucket: UInt64) -> Firsts {
    let own = touch.pointee.next
    let all: UInt64 = views.count >= 64 ? .max : (1 << UInt64(views.count)) - 1
    var firsts = Firsts(users: all, sessions: touch.pointee.hasSession ? all : 0)
    let earliest = views.reduce(touch.pointee.time) {
      min($0, $1.windowStart(of: touch.pointee.time))
    }
    let isBusy = busyUsers.contains(user.pointee.hash)
    var previous: TouchPointer?
    var link = user.pointee.touches
    while let older = self.touch(link), older.isAfter(touch.pointee.time, touch.id) {
      if !isBusy { exclude(older, touch, &firsts) }
      previous = older
      link = older.pointee.next
    }
    touch.pointee.next = link
    if let previous { previous.pointee.next = own } else { user.pointee.touches = own }
    if isBusy { return countBusy(touch, user, bucket) }
    var steps = 0
    while firsts.users | firsts.sessions != 0, let older = self.touch(link),
      older.pointee.time >= earliest
    {
      exclude(older, touch, &firsts)
      link = older.pointee.next
      steps += 1
    }
    if steps > BusyUsers.longestWalk { makeBusy(user, bucket) }
    return firsts
  }

  /// Remembers where a user has been counted so far, so that nobody walks its touches again.
  private mutating func makeBusy(_ user: User, _ bucket: UInt64) {
    var link = user.pointee.touches
    while let touch = self.touch(link) {
      _ = countBusy(touch, user, arena.bucket(of: link))
      link = touch.pointee.next
    }
    busyUsers.insert(user.pointee.hash, bucket: bucket)
  }

  /// Counts a touch of a busy user.
  private mutating func countBusy(_ touch: TouchPointer, _ user: User, _ bucket: UInt64) -> Firsts {
    var firsts = Firsts(users: 0, sessions: 0)
    let hash = user.pointee.hash
    if busyUsers.contains(hash) { busyUsers.insert(hash, bucket: bucket) }
    for view in views.indices {
      let group = placements.group(of: touch.pointee.placement, view: view)
      let windowStart = views[view].windowStart(of: touch.pointee.time)
      func isFirst(_ session: UInt64?) -> Bool {
        busyUsers.count(
          hash, group: group, windowStart: windowStart, session: session, bucket: bucket)
      }
      if isFirst(nil) { firsts.users |= 1 << UInt64(view) }
      if touch.pointee.hasSession && isFirst(touch.pointee.session) {
        firsts.sessions |= 1 << UInt64(view)
      }
    }
    return firsts
  }

  /// Takes off the views in which `other` stands in the same bucket as `touch`.
  private func exclude(_ other: TouchPointer, _ touch: TouchPointer, _ firsts: inout Firsts) {
    var open = firsts.users | firsts.sessions
    let sameSession =
      touch.pointee.hasSession && other.pointee.hasSession
      && touch.pointee.session == other.pointee.session
    while open != 0 {
      let view = open.trailingZeroBitCount
      open &= open - 1
      guard
        placements.group(of: other.pointee.placement, view: view)
          == placements.group(of: touch.pointee.placement, view: view),
        views[view].windowStart(of: other.pointee.time)
          == views[view].windowStart(of: touch.pointee.time)
      else { continue }
      firsts.users &= ~(1 << UInt64(view))
      if sameSession { firsts.sessions &= ~(1 << UInt64(view)) }
    }
  }

  /// Puts a conversion made by `makeConversion` into the user's list.
  mutating func insert(_ conversion: ConversionPointer, into user: User) {
    let own = conversion.pointee.next
    var previous: ConversionPointer?
    var link = user.pointee.conversions
    while let older = self.conversion(link), older.pointee.time > conversion.pointee.time {
      previous = older
      link = older.pointee.next
    }
    conversion.pointee.next = link
    if let previous { previous.pointee.next = own } else { user.pointee.conversions = own }
  }

  /// The user's conversions for which a touch lies within the look-back. Valid until the next call.
  mutating func conversions(of user: User, creditableBy touch: TouchPointer) -> [ConversionPointer]
  {
    corrected.removeAll(keepingCapacity: true)
    guard let lookback = rules.lookback(of: touch.pointee.kind) else { return corrected }
    var link = user.pointee.conversions
    while let conversion = self.conversion(link), conversion.pointee.time >= touch.pointee.time {
      if conversion.pointee.time - lookback <= touch.pointee.time { corrected.append(conversion) }
      link = conversion.pointee.next
    }
    return corrected
  }

  /// The eligible touches of a conversion, in journey order. Valid until the next call.
  mutating func eligible(for conversion: ConversionPointer, of user: User) -> [TouchPointer] {
    eligibleTouches.removeAll(keepingCapacity: true)
    let time = conversion.pointee.time
    var hasClick = false
    var hasImpression = false
    var link = user.pointee.touches
    while let touch = self.touch(link), touch.pointee.time >= time - rules.longestLookback {
      link = touch.pointee.next
      guard
        touch.pointee.time <= time, let lookback = rules.lookback(of: touch.pointee.kind),
        touch.pointee.time >= time - lookback
      else { continue }
      if touch.pointee.kind == .click { hasClick = true } else { hasImpression = true }
      eligibleTouches.append(touch)
    }
    if rules.preferClicks && hasClick && hasImpression {
      eligibleTouches.removeAll { $0.pointee.kind != .click }
    }
    eligibleTouches.reverse()
    return eligibleTouches
  }

  private func touch(_ link: BucketArena.Link) -> TouchPointer? {
    arena.resolve(link)?.assumingMemoryBound(to: StoredTouch.self)
  }

  private func conversion(_ link: BucketArena.Link) -> ConversionPointer? {
    arena.resolve(link)?.assumingMemoryBound(to: StoredConversion.self)
  }

  // MARK: Corrections

  /// Has the conversion's attribution published with the next commit.
  mutating func markDirty(_ conversion: ConversionPointer) {
    guard !conversion.pointee.isDirty else { return }
    conversion.pointee.isDirty = true
    dirty.append((conversion, Hash128(conversion.user)))
  }

  /// Hands over the conversions to publish, each with its revision counted up.
  mutating func takeDirty() -> [(conversion: ConversionPointer, userHash: Hash128)] {
    defer { dirty.removeAll() }
    for (conversion, _) in dirty {
      conversion.pointee.isDirty = false
      conversion.pointee.revision += 1
    }
    return dirty
  }

  mutating func setRevision(
    _ revision: Int32, id: BorrowedBytes, time: Milliseconds, of user: User
  ) {
    var link = user.pointee.conversions
    while let conversion = self.conversion(link), conversion.pointee.time >= time {
      if conversion.pointee.time == time && conversion.id.equals(id) {
        conversion.pointee.revision = revision
        return
      }
      link = conversion.pointee.next
    }
  }

  // MARK: Forgetting

  /// Drops the buckets before `bucket` and the placements that only they used.
  mutating func forget(before bucket: UInt64) {
    guard bucket > arena.firstLiveBucket else { return }
    arena.drop(before: bucket)
    placements.collect(before: bucket)
    busyUsers.forget(before: bucket)
  }
}
