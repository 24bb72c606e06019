// Safety: both blocks are allocated by `init` and freed by `deallocate`, which the one owner calls; pieces and their
// bytes are indexed below their number, which never exceeds `capacity`. A piece is compared with as many bytes of a
// record as it has, after a comparison with the distance to the record's end.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// What stands between the values of a topic's records, in its producer's order: as `KeyOrder`, for records with
/// objects in them.
///
/// A piece goes from behind one value to before the next one, over the braces between them: `},"utm":{"campaign":`.
/// What such bytes mean depends on nothing but the object in which they begin, so that they need not be read again.
struct PathPieces {
  /// What has been learned of some bytes.
  struct Piece {
    /// Its first eight bytes, zeros where it is shorter.
    fileprivate var first: UInt64
    /// The bits of `first` that count.
    fileprivate var mask: UInt64
    /// Its last eight bytes.
    fileprivate var last: UInt64
    fileprivate var count: Int32
    /// The node of the object in which it begins.
    fileprivate var scope: Int32
    /// The node of the object in which the value stands.
    fileprivate(set) var nextScope: Int32
    /// See `JSONPathScanner.Target`.
    fileprivate(set) var target: Int32
    /// The objects that it enters: a bit for each node.
    fileprivate(set) var entered: UInt64
    /// Whether it is another piece where an object is the value: one that enters it.
    fileprivate var refusesObjects: Bool
  }

  private static let capacity = 128
  /// A longer piece is scanned each time.
  private static let most = 64
  /// How far behind the expected piece another one is looked for.
  private static let reach = 48

  private let pieces: UnsafeMutablePointer<Piece>
  /// `most` for each piece.
  private let bytes: UnsafeMutableRawPointer
  private let counter: UnsafeMutablePointer<Int>

  init() {
    pieces = .allocate(capacity: Self.capacity)
    bytes = .allocate(byteCount: Self.capacity * Self.most, alignment: 8)
    counter = .allocate(capacity: 1)
    counter.initialize(to: 0)
  }

  func deallocate() {
    pieces.deallocate()
    bytes.deallocate()
    counter.deallocate()
  }

  /// Steps over a known piece; nil, with the cursor where it was, if what is there is not known.
  ///
  /// - Parameters:
  ///   - place: which piece is expected; moves behind the one that was found.
  ///   - scope: the node of the object that is open.
  @inline(__always)
  func step(
    _ scanner: inout JSONScanner, _ place: inout Int, scope: Int
  ) -> UnsafePointer<Piece>? {
    let text = UnsafeRawPointer(scanner.cursor)
    let room = scanner.end - scanner.cursor
    guard room >= 8 else { return nil }
    let word = text.loadUnaligned(as: UInt64.self)
    let end = min(counter.pointee, place &+ Self.reach)
    var index = place
    while index < end {
      let piece = pieces + index
      if word & piece.pointee.mask == piece.pointee.first, Int(piece.pointee.scope) == scope,
        isSame(piece, index, text, room)
      {
        let count = Int(piece.pointee.count)
        if !piece.pointee.refusesObjects || count == room
          || scanner.cursor[count] != ASCII.openBrace
        {
          scanner.cursor += count
          scanner.skipWhitespace()
          place = index &+ 1
          return UnsafePointer(piece)
        }
      }
      index &+= 1
    }
    return nil
  }

  /// Whether a piece goes on like the text, whose first word is the same.
  @inline(__always)
  private func isSame(
    _ piece: UnsafePointer<Piece>, _ index: Int, _ text: UnsafeRawPointer, _ room: Int
  ) -> Bool {
    let count = Int(piece.pointee.count)
    guard count > 8 else { return true }
    guard count <= room,
      text.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self) == piece.pointee.last
    else { return false }
    let known = bytes + index &* Self.most
    var offset = 8
    while offset < count &- 8 {
      guard
        text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          == known.load(fromByteOffset: offset, as: UInt64.self)
      else { return false }
      offset &+= 8
    }
    return true
  }

  /// Remembers what has been scanned at a place, from `start` to the cursor, and moves the place behind it.
  func learn(
    from start: UnsafePointer<UInt8>, _ scanner: JSONScanner, _ place: inout Int, scope: Int,
    nextScope: Int, target: Int, entered: UInt64, refusesObjects: Bool
  ) {
    let count = scanner.cursor - start
    guard (1...Self.most).contains(count), scanner.end - start >= 8 else { return }
    // Keys without order: begin anew rather than look through all of them each time.
    if counter.pointee == Self.capacity { counter.pointee = 0 }
    place = min(place, counter.pointee)
    let moved = counter.pointee - place
    (pieces + place + 1).update(from: pieces + place, count: moved)
    let known = bytes + place * Self.most
    memmove(known + Self.most, known, moved * Self.most)
    memcpy(known, start, count)
    let text = UnsafeRawPointer(start)
    let word = text.loadUnaligned(as: UInt64.self)
    let mask = count < 8 ? UInt64(littleEndian: (1 << UInt64(8 * count)) - 1) : .max
    pieces[place] = Piece(
      first: word & mask, mask: mask,
      last: count < 8 ? 0 : text.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self),
      count: Int32(count), scope: Int32(scope), nextScope: Int32(nextScope),
      target: Int32(target), entered: entered, refusesObjects: refusesObjects)
    counter.pointee += 1
    place += 1
  }
}
