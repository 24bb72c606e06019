// Safety: `state` is allocated and freed here and used by nobody else; through a pointer, because the
// compiler's checks for overlapping access to a class's fields cost a tenth of the hot path.

/// The attribution of one task: the state machine that turns events into deltas and credits.
///
/// A task is one partition number over all keyed inputs (or one partition of the costs). It dedups,
/// joins each conversion with the user's touches and credits them; the published result is a
/// function of the set of events that were not too late, whatever their order. No I/O and no clock:
/// the same calls have the same effects. One thread at a time.
///
/// ```swift
/// let task = AttributionTask(
///   definitions: definitions, kinds: [.click, .conversion], secret: secret)
/// if task.apply(event).isAccepted { remember(event) }
/// task.forEachDelta { delta in … }
/// task.forEachCorrectedConversion { conversion in … }
/// task.endCommit()
/// ```
public final class AttributionTask {
  public let definitions: Definitions

  private let state: UnsafeMutablePointer<AttributionEngine>

  /// A task with one input for each of these kinds.
  ///
  /// - Parameters:
  ///   - secret: what ids are hashed with; of a task that is restored, the one of before.
  ///   - longestWalk: how many of a user's records are walked before they are indexed.
  public convenience init(
    definitions: Definitions, kinds: Set<EventKind>, secret: IdentitySecret,
    longestWalk: Int = 256
  ) {
    self.init(
      definitions: definitions, kinds: kinds, key: IdentityKey(secret), longestWalk: longestWalk)
  }

  /// A task whose inputs are numbered from 0, whatever kinds of events each has: `Event.input` says which one an event
  /// came by.
  public convenience init(
    definitions: Definitions, inputCount: Int, secret: IdentitySecret, longestWalk: Int = 256
  ) {
    self.init(
      definitions, inputs: Set(0..<inputCount), key: IdentityKey(secret), longestWalk: longestWalk)
  }

  /// As the other, for several tasks that hash with the same secret.
  public convenience init(
    definitions: Definitions, kinds: Set<EventKind>, key: IdentityKey, longestWalk: Int = 256
  ) {
    self.init(
      definitions, inputs: Set(kinds.map { Int($0.rawValue) }), key: key, longestWalk: longestWalk)
  }

  private init(
    _ definitions: Definitions, inputs: Set<Int>, key: IdentityKey, longestWalk: Int
  ) {
    self.definitions = definitions
    state = .allocate(capacity: 1)
    state.initialize(
      to: AttributionEngine(
        definitions: definitions, inputs: inputs, key: key, longestWalk: longestWalk))
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// What ids are hashed with.
  public var key: IdentityKey { state.pointee.key }

  public var progress: InputProgress { state.pointee.progress }

  // MARK: Events

  /// Admits, dedups and applies one event. O(1) but for the conversions that a late
  /// touch changes, and O(log n) of a busy user's records.
  public func apply(_ event: borrowing Event) -> Outcome {
    let identity = EventIdentity(event, state.pointee.key)
    return withUnsafePointer(to: event) { apply($0, identity) }
  }

  /// As `apply`, for an event that stays where it is and whose ids are hashed already.
  ///
  /// An event touches memory in three places that are far from each other; `prefetch` and then
  /// `prefetchJourney`, called for the events `prefetchDistance` and `journeyDistance` ahead, hide
  /// most of the waiting.
  public func apply(_ event: UnsafePointer<Event>, _ identity: EventIdentity) -> Outcome {
    state.pointee.apply(event, identity)
  }

  /// How many events ahead `prefetch` does best: all that is fetched meanwhile fits into the first cache.
  public static let prefetchDistance = 24
  /// How many events ahead `prefetchJourney` does best: what `prefetch` has fetched must have arrived.
  public static let journeyDistance = 12

  /// What the last event that `apply` accepted is remembered as.
  public var lastAccepted: AcceptedEvent { state.pointee.lastAccepted }

  /// Has the memory fetched in which `apply` will look the event's ids up.
  public func prefetch(_ identity: EventIdentity, _ kind: EventKind) {
    state.pointee.prefetch(identity, kind)
  }

  /// Has the newest record of the event's user fetched, some time after `prefetch`.
  public func prefetchJourney(_ identity: EventIdentity) {
    state.pointee.prefetchJourney(identity)
  }

  /// Says that an input stands at the end of its log and nothing has come for the idle timeout.
  public func markIdle(_ input: Int, _ isIdle: Bool = true) {
    state.pointee.markIdle(input, isIdle)
  }

  /// As the other, where each kind has an input of its own.
  public func markIdle(_ kind: EventKind, _ isIdle: Bool = true) {
    markIdle(Int(kind.rawValue), isIdle)
  }

  /// Says how the sources of a re-keyed input stand: the watermark follows them, and not the input's own events.
  public func setSources(_ marks: InputProgress.SourceMarks, _ input: Int) {
    state.pointee.setSources(marks, input)
  }

  // MARK: Effects of a commit

  /// Visits the change of every bucket since the last `endCommit`, in order of first change.
  /// Changes that cancelled out are left out.
  public func forEachDelta(
    _ body: (RollupDelta) throws -> Void
  ) rethrows {
    try state.pointee.forEachDelta(body)
  }

  /// Visits every conversion accepted or corrected since the last `endCommit`, its revision
  /// already counted up. Call once per commit; before `forEachDelta` it is cheaper than after.
  public func forEachCorrectedConversion(
    _ body: (CreditedConversion) throws -> Void
  ) rethrows {
    try state.pointee.forEachCorrectedConversion(body)
  }

  /// Closes the commit: forgets its effects and whatever the watermark has passed.
  public func endCommit() { state.pointee.endCommit() }

  // MARK: Restore

  /// The bucket under which an event's state is kept, and forgotten. What was accepted from behind
  /// everything that is kept goes with the oldest.
  public func stateBucket(of time: Milliseconds, _ kind: EventKind) -> StateBucket {
    state.pointee.stateBucket(of: time, kind)
  }

  /// Other buckets hold nothing any more.
  public var liveBuckets: LiveBuckets { state.pointee.liveBuckets }

  /// Takes back an event accepted before a restart, without effects.
  ///
  /// - Parameters:
  ///   - bucket: what `AcceptedEvent` said.
  ///   - isReplacement: whether it replaced another version.
  ///   - tuple: of a touch or a cost, or of a conversion with configured fields, from `restoreTuple`.
  ///   - session: of a touch that has one.
  ///   - revision: of a conversion.
  public func restore(
    _ event: borrowing Event, _ identity: EventIdentity, bucket: StateBucket, isReplacement: Bool,
    tuple: UInt32, session: SessionHash?, revision: Int32
  ) {
    state.pointee.restore(
      event, identity, bucket: bucket, isReplacement: isReplacement, tuple: tuple,
      session: session, revision: revision)
  }

  /// The number of the names that touches of a bucket have in common, or that a conversion has which no touch
  /// earned.
  ///
  /// - Parameter names: of a touch its campaign, channel and ad, then its configured fields; of a conversion those
  ///   fields alone.
  public func restoreTuple(
    of kind: EventKind, _ names: UnsafeBufferPointer<BorrowedBytes>, bucket: StateBucket
  ) -> UInt32 {
    state.pointee.restoreTuple(of: kind, names, bucket: bucket)
  }

  /// Sets the published revision of a remembered conversion.
  public func restore(
    revision: Int32, ofConversion id: BorrowedBytes, userHash: Hash128, at time: Milliseconds
  ) {
    state.pointee.restore(revision: revision, ofConversion: id, userHash: userHash, at: time)
  }

  /// Takes back the progress of before a restart. Call before restoring events.
  ///
  /// - Parameter largest: by input.
  public func restore(
    watermark: Watermark, retentionMark: Watermark, largest: [Watermark]
  ) {
    state.pointee.restore(watermark: watermark, retentionMark: retentionMark, largest: largest)
  }

  // MARK: Sizes

  /// Number of users whose records are indexed, because there are so many of them.
  public var busyUserCount: Int { state.pointee.busyUserCount }

  /// What is remembered: entries, and bytes with all overhead.
  public var size: StateSize { state.pointee.size }

  /// Entries and bytes by store. O(1), unlike `size`.
  public var stores: [StoreSize] { state.pointee.stores }

  /// Bytes of everything that is held, by store; entries are not counted. O(1).
  public var memory: [StoreSize] { state.pointee.memory }

  /// Bytes held by the state, all overhead included. O(1).
  public var byteCount: Int { state.pointee.byteCount }
}
