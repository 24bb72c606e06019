// Safety: pseudonyms are written into room that the arena has handed out for them; the raw user is borrowed from the
// record and is good as long as the record is. One decoder uses it, on one thread at a time.

import Attribution

/// Replaces user ids, sessions and addresses by pseudonyms: the first 128 bits of their HMAC-SHA256 as 32 hexadecimal
/// digits.
///
/// It works on what a decoder has read, before anybody else sees the event, so that everything behind it (state,
/// outputs, logs) knows pseudonyms only. Ids that stand for nobody (`unmatched_users`) stay as they are.
///
///     let pseudonymizer = Pseudonymizer(key, sparing: ["anonymous"])
///     pseudonymizer.pseudonym(of: "u-1")  // the same 32 digits, wherever the key is the same
///
/// Allocates nothing per event; about a microsecond per name.
public final class Pseudonymizer {
  /// Characters of a pseudonym. Half of the code is what RFC 2104 (section 5) allows to be left out.
  public static let length = 32

  private let code: HMAC
  private let spared: [[UInt8]]
  private let digest: UnsafeMutablePointer<UInt8>
  /// The user id of the last event, as it came.
  private(set) var lastUser = BorrowedBytes.empty

  /// - Parameter spared: user ids that are not replaced.
  public init(_ key: PseudonymKey, sparing spared: [String] = []) {
    code = HMAC(key: key.bytes)
    self.spared = spared.map { Array($0.utf8) }
    digest = .allocate(capacity: HMAC.size)
  }

  deinit { digest.deallocate() }

  /// The pseudonym of one id.
  public func pseudonym(of id: String) -> String {
    let bytes = Array(id.utf8)
    if spared.contains(bytes) { return id }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.length) { room in
      bytes.withUnsafeBytes { write($0, to: room.baseAddress!) }
      return String(decoding: room, as: UTF8.self)
    }
  }

  /// Puts pseudonyms in the place of an event's user, session and address.
  @inline(never)
  func replace(_ event: inout Event, in arena: ScratchArena) {
    lastUser = event.userID
    if !spares(event.userID) { event.userID = pseudonym(of: event.userID, in: arena) }
    event.sessionID = pseudonym(of: event.sessionID, in: arena)
    event.ip = pseudonym(of: event.ip, in: arena)
  }

  private func spares(_ user: BorrowedBytes) -> Bool {
    for other in spared where other.count == user.count && other.elementsEqual(user.buffer) {
      return true
    }
    return false
  }

  /// Of nothing there is none.
  private func pseudonym(of name: BorrowedBytes, in arena: ScratchArena) -> BorrowedBytes {
    guard !name.isEmpty else { return name }
    let room = arena.reserve(UInt8.self, Self.length)
    write(name.buffer, to: room)
    return BorrowedBytes(start: room, count: Self.length)
  }

  private func write(_ name: UnsafeRawBufferPointer, to room: UnsafeMutablePointer<UInt8>) {
    code.write(name, to: digest)
    for index in 0..<Self.length / 2 {
      room[2 * index] = Self.digit(digest[index] >> 4)
      room[2 * index + 1] = Self.digit(digest[index] & 15)
    }
  }

  @inline(__always)
  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? ASCII.zero + value : UInt8(ascii: "a") + value - 10
  }
}

extension PseudonymKey {
  /// The key with these bytes.
  public init(_ bytes: [UInt8]) {
    let name = Pseudonymizer(PseudonymKey(bytes: bytes, fingerprint: 0))
      .pseudonym(of: "fingerprint of the key of pseudonyms")
    self.init(bytes: bytes, fingerprint: UInt64(name.prefix(16), radix: 16)!)
  }
}
