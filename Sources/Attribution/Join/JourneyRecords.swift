// Safety: the layouts below are written and read only at addresses that `BucketArena` made for
// them, with the ids' bytes right behind the fixed part. Both kinds begin with a `RecordHead`, whose
// `isConversion` says which of the two it is the head of.

/// What remembered touches and conversions begin with: two words.
struct RecordHead {
  /// From the top: 8 flags, 8 bits of `idCount`, 48 bits of `next`.
  private var first: UInt64
  /// From the top: 49 bits of time since year 0, 15 bits for the kind of record.
  private var second: UInt64

  private static let timeShift: UInt64 = 15
  private static let extraMask: UInt64 = (1 << timeShift) - 1
  private static let linkMask: UInt64 = (1 << BucketArena.Link.bitCount) - 1

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let isConversion = Flags(rawValue: 1)
    static let isImpression = Flags(rawValue: 2)
    static let hasSession = Flags(rawValue: 4)
    /// The id behind the record is packed.
    static let isPacked = Flags(rawValue: 8)
    /// Of a conversion: its shares are not booked, and must be with the next commit.
    static let needsBooking = Flags(rawValue: 16)
    /// Of a conversion: its attribution must be published with the next commit.
    static let needsPublishing = Flags(rawValue: 32)
    /// The user's records are found by a `JourneyIndex`, not by links from one to the next.
    static let isIndexed = Flags(rawValue: 64)
    /// Of a conversion: its user stands for nobody, and no touch earns it.
    static let isUnmatched = Flags(rawValue: 128)
    /// Of a touch: what it cost stands behind its id, in 32 bits.
    static let hasAmount = Flags(rawValue: 128)
    /// Of a touch: what it cost takes 64 bits.
    static let isAmountWide = Flags(rawValue: 32)
  }

  init(_ flags: Flags, time: Milliseconds, idCount: Int, extra: UInt64 = 0) {
    first = UInt64(flags.rawValue) << 56 | UInt64(truncatingIfNeeded: idCount) << 48
    second =
      UInt64(time - TimeBuckets.origin) << RecordHead.timeShift | extra & RecordHead.extraMask
  }

  /// The next older record of the same user.
  var next: BucketArena.Link {
    get { BucketArena.Link(bits: first & RecordHead.linkMask) }
    set { first = first & ~RecordHead.linkMask | newValue.bits }
  }

  var flags: Flags {
    get { Flags(rawValue: UInt8(truncatingIfNeeded: first >> 56)) }
    set { first = first & ~(0xFF << 56) | UInt64(newValue.rawValue) << 56 }
  }

  /// Bytes of the id behind the record.
  var idCount: Int { Int(truncatingIfNeeded: first >> 48 & 0xFF) }

  var time: Milliseconds {
    Milliseconds(truncatingIfNeeded: second >> RecordHead.timeShift) + TimeBuckets.origin
  }

  var extra: UInt64 { second & RecordHead.extraMask }
  var isConversion: Bool { flags.contains(.isConversion) }
}

/// A remembered touch: 24 bytes. Its event id follows it in memory, and what it cost, if it did.
struct StoredTouch {
  var head: RecordHead
  var tuple: UInt32
  private var sessionBits: UInt32

  /// - Parameters:
  ///   - session: nil without one.
  ///   - amountBytes: what `amountBytes(of:)` says.
  init(
    kind: EventKind, time: Milliseconds, tuple: UInt32, session: SessionHash?, id: PackedID,
    amountBytes: Int
  ) {
    var flags: RecordHead.Flags = kind == .impression ? .isImpression : []
    if session != nil { flags.insert(.hasSession) }
    if id.isPacked { flags.insert(.isPacked) }
    if amountBytes > 0 { flags.insert(.hasAmount) }
    if amountBytes > 4 { flags.insert(.isAmountWide) }
    let bits = session?.bits ?? 0
    head = RecordHead(flags, time: time, idCount: id.count, extra: bits >> 32)
    self.tuple = tuple
    sessionBits = UInt32(truncatingIfNeeded: bits)
  }

  /// The bytes that the cost of a touch takes.
  static func amountBytes(of amount: Micros) -> Int {
    amount == 0 ? 0 : amount >> 32 == 0 ? 4 : 8
  }

  var time: Milliseconds { head.time }
  var kind: EventKind { head.flags.contains(.isImpression) ? .impression : .click }
  var session: SessionHash? {
    head.flags.contains(.hasSession)
      ? SessionHash(bits: head.extra << 32 | UInt64(sessionBits)) : nil
  }
}

/// A remembered conversion: 32 bytes. Its event id and its user's id follow it in memory.
struct StoredConversion {
  var head: RecordHead
  var value: Micros
  /// How often its attribution has been published.
  var revision: Int32
  /// What it stands for where no touch earned it.
  var tuple: UInt32

  init(
    _ flags: RecordHead.Flags, time: Milliseconds, idCount: Int, userCount: Int, value: Micros,
    revision: Int32, tuple: UInt32, isDeleted: Bool
  ) {
    head = RecordHead(
      flags.union(.isConversion), time: time, idCount: idCount,
      extra: UInt64(truncatingIfNeeded: userCount)
        | (isDeleted ? StoredConversion.deletedBit : 0))
    self.value = value
    self.revision = revision
    self.tuple = tuple
  }

  /// Above the bytes of the user's id.
  private static let deletedBit: UInt64 = 1 << 8

  /// Bytes of the user's id.
  var userCount: Int { Int(truncatingIfNeeded: head.extra & 0xFF) }
  /// Whether its id was taken back: it is worth nothing, and remembered for its revision.
  var isDeleted: Bool { head.extra & StoredConversion.deletedBit != 0 }
  var time: Milliseconds { head.time }
}

/// The session of a touch, by 47 bits of its id's hash.
///
/// Sessions are compared only within one user's touches in one window: among 10⁸ such comparisons
/// the chance of a single collision is below 10⁻⁶. Which sessions collide depends on the task's secret.
public struct SessionHash: Equatable, Sendable {
  public let bits: UInt64

  /// - Parameter bits: as they came from another `SessionHash`.
  public init(bits: UInt64) { self.bits = bits & ((1 << 47) - 1) }
  public init(_ id: BorrowedBytes, _ key: IdentityKey) { self.init(bits: key.hash(id).high >> 17) }
}

typealias RecordPointer = UnsafeMutablePointer<RecordHead>
typealias TouchPointer = UnsafeMutablePointer<StoredTouch>
typealias ConversionPointer = UnsafeMutablePointer<StoredConversion>

extension UnsafeMutablePointer where Pointee == RecordHead {
  /// The touch that begins here; nil if it is a conversion.
  @inline(__always)
  var touch: TouchPointer? {
    pointee.isConversion
      ? nil : UnsafeMutableRawPointer(self).assumingMemoryBound(to: StoredTouch.self)
  }

  /// The conversion that begins here; nil if it is a touch.
  @inline(__always)
  var conversion: ConversionPointer? {
    pointee.isConversion
      ? UnsafeMutableRawPointer(self).assumingMemoryBound(to: StoredConversion.self) : nil
  }
}

extension UnsafeMutablePointer where Pointee == RecordHead {
  /// Whether it is the record of an event.
  ///
  /// - Parameter id: of a touch as touches keep it; of a conversion as it came.
  func has(_ id: PackedID, _ kind: EventKind) -> Bool {
    guard let touch else { return kind == .conversion && conversion!.id.equals(id.bytes) }
    return touch.pointee.kind == kind && touch.id.isPacked == id.isPacked
      && touch.id.bytes.equals(id.bytes)
  }
}

extension UnsafeMutablePointer where Pointee == StoredTouch {
  var record: RecordPointer {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: RecordHead.self)
  }

  var id: PackedID {
    PackedID(
      bytes: trailing(0, pointee.head.idCount), isPacked: pointee.head.flags.contains(.isPacked))
  }

  /// What the touch cost.
  var amount: Micros {
    let flags = pointee.head.flags
    guard flags.contains(.hasAmount) else { return 0 }
    let place = UnsafeRawPointer(self + 1) + pointee.head.idCount
    return flags.contains(.isAmountWide)
      ? place.loadUnaligned(as: Int64.self) : Micros(place.loadUnaligned(as: UInt32.self))
  }

  /// Writes what the touch cost behind its id.
  func setAmount(_ amount: Micros) {
    let place = UnsafeMutableRawPointer(self + 1) + pointee.head.idCount
    if pointee.head.flags.contains(.isAmountWide) {
      place.storeBytes(of: amount, as: Int64.self)
    } else {
      place.storeBytes(of: UInt32(truncatingIfNeeded: amount), as: UInt32.self)
    }
  }
}

extension UnsafeMutablePointer where Pointee == StoredConversion {
  var record: RecordPointer {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: RecordHead.self)
  }

  var id: BorrowedBytes { trailing(0, pointee.head.idCount) }
  var user: BorrowedBytes { trailing(pointee.head.idCount, pointee.userCount) }
}

extension UnsafeMutablePointer {
  /// Bytes that lie behind the fixed part of a record.
  fileprivate func trailing(_ offset: Int, _ count: Int) -> BorrowedBytes {
    let start = UnsafeRawPointer(self + 1) + offset
    return BorrowedBytes(start: start.assumingMemoryBound(to: UInt8.self), count: count)
  }

  /// Copies `bytes` behind the fixed part of a record.
  func setTrailing(_ offset: Int, _ bytes: BorrowedBytes) {
    (UnsafeMutableRawPointer(self + 1) + offset)
      .copyMemory(from: bytes.start, byteCount: bytes.count)
  }
}
