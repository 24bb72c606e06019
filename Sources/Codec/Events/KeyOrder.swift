// Safety: `pieces` and their number are allocated and freed here; pieces are indexed below that number, which
// never exceeds `capacity`. A piece is compared with as many bytes of a record as it has, after a
// comparison of the distance to the record's end.

/// What stands between the values of an input's records, in its producer's order.
///
/// Producers write the same keys in the same order with the same blanks. Bytes that stood before a value
/// of an earlier record (`{"event_id":`, `,"user_id": `) have been scanned then, and mean the same wherever
/// they stand before a value again: comparing them takes a tenth of the time. Keys that only some records
/// have are passed over in the others; records of any other order are scanned and learned from.
final class KeyOrder {
  private struct Piece {
    var piece: KeyPiece
    var isFirst: Bool
    var field: EventField
  }

  private static let capacity = 24

  private let pieces = UnsafeMutablePointer<Piece>.allocate(capacity: capacity)
  private let counter = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init() { counter.initialize(to: 0) }

  deinit {
    pieces.deallocate()
    counter.deallocate()
  }

  /// Steps over a known piece and returns its key's field; nil, with the cursor where it was, if what is
  /// there is not known.
  ///
  /// - Parameters:
  ///   - place: which piece is expected; moves behind the one that was found.
  ///   - isFirst: whether the object begins here.
  @inline(__always)
  func step(_ scanner: inout JSONScanner, _ place: inout Int, isFirst: Bool) -> EventField? {
    let text = UnsafeRawPointer(scanner.cursor)
    let room = scanner.end - scanner.cursor
    for index in place..<max(place, counter.pointee) {
      let known = pieces + index
      // A struct begins with its first field.
      let piece = UnsafeRawPointer(known).assumingMemoryBound(to: KeyPiece.self)
      guard piece.pointee.count <= room, KeyPiece.isSame(piece, text),
        known.pointee.isFirst == isFirst
      else { continue }
      scanner.cursor += piece.pointee.count
      scanner.skipWhitespace()
      place = index + 1
      return known.pointee.field
    }
    return nil
  }

  /// Remembers what has been scanned at a place, from `start` on, and moves the place behind it.
  @inline(never)
  func learn(
    from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>, _ field: EventField,
    _ place: inout Int, isFirst: Bool
  ) {
    let count = end - start
    guard KeyPiece.lengths.contains(count) else { return }
    // Keys without order: begin anew rather than look through all of them each time.
    if counter.pointee == KeyOrder.capacity { counter.pointee = 0 }
    place = min(place, counter.pointee)
    (pieces + place + 1).update(from: pieces + place, count: counter.pointee - place)
    pieces[place] = Piece(
      piece: KeyPiece(start, count: count), isFirst: isFirst, field: field)
    counter.pointee += 1
    place += 1
  }
}
