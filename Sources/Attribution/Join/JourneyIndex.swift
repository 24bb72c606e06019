/// A busy user's records, found without walking from one to the next.
///
/// Bots, shared ids and advertising ids that were set to zero have millions of touches. Once a walk over a
/// user's list grows long, the list is left for this: clicks, impressions and conversions, each in order. No
/// step looks at more of them than may share a conversion's credit, or than it changes. Normal users have none.
final class JourneyIndex {
  var clicks = OrderedLinks()
  var impressions = OrderedLinks()
  var conversions = OrderedLinks()
  /// The user's newest record, or what is left of it: the index lives as long.
  var anchor = BucketArena.Link.none
  /// The same of impressions, where they have a list of their own.
  var impressionAnchor = BucketArena.Link.none
  /// Whether a touch was taken back. From then on touches are counted here, bucket by bucket.
  var isTallied = false
  /// How many touches there are in each bucket of a view, and of each session; nil until somebody asks.
  var tallies: [Hash128: Int32]?
  /// The records by what stands for their ids; nil until somebody looks for one without its time.
  var links: [Hash128: BucketArena.Link]?
  /// The conversions that clicks and impressions of this commit have opened, so that the next one that comes
  /// late need not visit them again.
  var openedToClicks = Opened()
  var openedToImpressions = Opened()

  /// Conversions of a stretch of time, all of them opened since a commit.
  struct Opened {
    var commit: UInt64 = .max
    var times: ClosedRange<Milliseconds> = 0...0

    /// The stretches of `range` that are not covered, which then are.
    mutating func cover(
      _ range: ClosedRange<Milliseconds>, commit: UInt64
    ) -> [ClosedRange<Milliseconds>] {
      guard self.commit == commit, times.overlaps(range) else {
        self = Opened(commit: commit, times: range)
        return [range]
      }
      var rest: [ClosedRange<Milliseconds>] = []
      if range.lowerBound < times.lowerBound {
        rest.append(range.lowerBound...times.lowerBound - 1)
      }
      if range.upperBound > times.upperBound {
        rest.append(times.upperBound + 1...range.upperBound)
      }
      times =
        min(times.lowerBound, range.lowerBound)...max(times.upperBound, range.upperBound)
      return rest
    }
  }

  var isEmpty: Bool { clicks.isEmpty && impressions.isEmpty && conversions.isEmpty }
  var count: Int { clicks.count + impressions.count + conversions.count }

  /// The touches of a kind.
  func touches(_ kind: EventKind) -> OrderedLinks { kind == .click ? clicks : impressions }

  /// Where a touch goes among those of its kind.
  func position(
    of touch: TouchPointer, _ arena: borrowing BucketArena
  ) -> OrderedLinks.Position {
    let time = touch.pointee.time
    func isBehind(_ record: RecordPointer) -> Bool {
      let other = record.pointee.time
      return other != time ? other > time : record.touch!.id.isAfter(touch.id)
    }
    return touch.pointee.kind == .click
      ? clicks.position(arena, where: isBehind) : impressions.position(arena, where: isBehind)
  }

  /// Where a touch stands among those of its kind.
  func place(
    of touch: TouchPointer, _ arena: borrowing BucketArena
  ) -> OrderedLinks.Position? {
    let links = touches(touch.pointee.kind)
    let place = position(ofTouch: touch.id, touch.pointee.kind, at: touch.pointee.time, arena)
    return place != links.end && links.record(at: place, arena) == touch.record ? place : nil
  }

  /// The first touch of a kind that is not before this one, by time and id.
  private func position(
    ofTouch id: PackedID, _ kind: EventKind, at time: Milliseconds, _ arena: borrowing BucketArena
  ) -> OrderedLinks.Position {
    touches(kind).position(arena) { record in
      let other = record.pointee.time
      return other != time ? other > time : !id.isAfter(record.touch!.id)
    }
  }

  /// The link of the record with this id at this time.
  func link(
    of id: PackedID, _ kind: EventKind, at time: Milliseconds, _ arena: borrowing BucketArena
  ) -> BucketArena.Link? {
    let links = kind == .conversion ? conversions : touches(kind)
    let place =
      kind == .conversion
      ? position(ofConversion: id.bytes, at: time, arena)
      : position(ofTouch: id, kind, at: time, arena)
    guard place != links.end else { return nil }
    let record = links.record(at: place, arena)
    return record.pointee.time == time && record.has(id, kind) ? links.link(at: place) : nil
  }

  /// Removes a record.
  func remove(_ record: RecordPointer, _ arena: borrowing BucketArena) {
    if let touch = record.touch {
      guard let place = place(of: touch, arena) else { return }
      if touch.pointee.kind == .click {
        clicks.remove(at: place)
      } else {
        impressions.remove(at: place)
      }
    } else {
      let conversion = record.conversion!
      let place = position(ofConversion: conversion.id, at: conversion.pointee.time, arena)
      guard place != conversions.end, conversions.record(at: place, arena) == record else { return }
      conversions.remove(at: place)
    }
  }

  /// Visits every record.
  func forEach(_ arena: borrowing BucketArena, _ body: (RecordPointer, BucketArena.Link) -> Void) {
    for links in [clicks, impressions, conversions] {
      var position = OrderedLinks.Position(block: 0, index: 0)
      var rest = links.count
      while rest > 0 {
        body(links.record(at: position, arena), links.link(at: position))
        rest -= 1
        if rest > 0 { position = links.position(position, movedBy: 1)! }
      }
    }
  }

  /// The first conversion that is not before this one, by time and id.
  func position(
    ofConversion id: BorrowedBytes, at time: Milliseconds, _ arena: borrowing BucketArena
  ) -> OrderedLinks.Position {
    conversions.position(arena) { record in
      let other = record.pointee.time
      return other != time ? other > time : !id.isAfter(record.conversion!.id)
    }
  }

  /// Puts a record in its place.
  func insert(
    _ record: RecordPointer, _ link: BucketArena.Link, _ arena: borrowing BucketArena
  ) {
    if let touch = record.touch {
      let place = position(of: touch, arena)
      if touch.pointee.kind == .click {
        clicks.insert(link, at: place)
      } else {
        impressions.insert(link, at: place)
      }
    } else {
      let conversion = record.conversion!
      let place = position(ofConversion: conversion.id, at: conversion.pointee.time, arena)
      conversions.insert(link, at: place)
    }
  }

  /// Removes what lies in dropped buckets.
  func removeDead(_ arena: borrowing BucketArena) {
    // Made again when somebody asks.
    tallies = nil
    links = nil
    clicks.removeDead(arena)
    impressions.removeDead(arena)
    conversions.removeDead(arena)
  }
}
