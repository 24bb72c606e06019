import Attribution
import Cluster
import Codec
import Inputs
import Kafka
import Reporting

/// Finds a user's touches around a conversion, or the conversion, in a topic they came by.
struct TouchSearch {
  /// Which records are read, by the time that the log gave them.
  enum SearchRange {
    /// From before a touch of the conversion could be written until after it would be too late.
    case ofItsTime
    case any
  }

  var topic: String { plan.topic }
  private let plan: InputPlan
  private let definitions: Definitions

  init(_ plan: InputPlan, _ definitions: Definitions) {
    self.plan = plan
    self.definitions = definitions
  }

  /// The touches up to twice the look-back before the conversion and as long after it, as they came.
  func touches(
    of conversion: PublishedAttribution, in partitions: [TopicPartition], _ extent: SearchRange,
    _ reader: TopicReader
  ) throws -> [ConversionExplanation.FoundTouch] {
    let distance = 2 * max(definitions.lookback, definitions.impressionLookback)
    let range = (conversion.time - distance)...(conversion.time + distance)
    var touches: [ConversionExplanation.FoundTouch] = []
    try search(for: conversion.userID, range, in: partitions, extent, reader) { event, partition in
      guard event.kind.isTouch else { return true }
      touches.append(
        ConversionExplanation.FoundTouch(
          PublishedAttribution.Touch(
            kind: event.kind, time: event.time, eventID: event.eventID.string,
            campaignID: event.campaignID.string, channel: event.channel.string,
            adID: event.adID.string), in: partition, version: event.version,
          isDeleted: event.isDeleted))
      touches[touches.count - 1].matchOn = matchOn(event)
      return true
    }
    return touches
  }

  /// What came of the conversion itself, in all its versions: those that count came within the horizon of the
  /// earliest of its times.
  func versions(
    of revisions: [PublishedAttribution], in partitions: [TopicPartition], _ extent: SearchRange,
    _ reader: TopicReader
  ) throws -> [ConversionExplanation.Version] {
    guard let conversion = revisions.last else { return [] }
    let identifier = Array(conversion.conversionID.utf8)
    let times = revisions.map(\.time)
    let earliest = times.min()! - definitions.correctionHorizon
    let range = earliest...(times.max()! + definitions.correctionHorizon)
    var versions: [ConversionExplanation.Version] = []
    try search(for: conversion.userID, range, in: partitions, extent, reader) { event, _ in
      if event.kind == .conversion, event.eventID.buffer.elementsEqual(identifier) {
        versions.append(
          ConversionExplanation.Version(
            number: event.version, time: event.time, value: event.amount,
            isDeleted: event.isDeleted))
      }
      return true
    }
    return versions
  }

  /// The partition in which the conversion itself came; nil where it is not found.
  func partition(
    of conversion: PublishedAttribution, in partitions: [TopicPartition], _ reader: TopicReader
  ) throws -> Int32? {
    let identifier = Array(conversion.conversionID.utf8)
    var found: Int32?
    let range = conversion.time...conversion.time
    try search(for: conversion.userID, range, in: partitions, .any, reader) { event, partition in
      if event.kind == .conversion, event.eventID.buffer.elementsEqual(identifier) {
        found = found ?? partition
      }
      return found == nil
    }
    return found
  }

  /// The values of what `match_on` names, of the conversion as it came; nil where it is not found.
  func matchOn(
    of conversion: PublishedAttribution, in partitions: [TopicPartition], _ reader: TopicReader
  ) throws -> [String]? {
    let identifier = Array(conversion.conversionID.utf8)
    var found: [String]?
    let range = conversion.time...conversion.time
    try search(for: conversion.userID, range, in: partitions, .any, reader) { event, _ in
      if event.kind == .conversion, event.eventID.buffer.elementsEqual(identifier) {
        found = found ?? matchOn(event)
      }
      return found == nil
    }
    return found
  }

  private func matchOn(_ event: borrowing Event) -> [String] {
    let values = event.values
    return values.matching.map { values[$0].string }
  }

  /// Visits a user's events of some time, whatever they are keyed by, until `body` returns false.
  private func search(
    for userID: String, _ range: ClosedRange<Milliseconds>, in partitions: [TopicPartition],
    _ extent: SearchRange, _ reader: TopicReader, _ body: (borrowing Event, Int32) -> Bool
  ) throws {
    let user = Array(userID.utf8)
    var decoder = InputDecoder(plan, definitions: definitions)
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    // An event is accepted only if its record was written later than this.
    let starts = try reader.offsets(
      of: partitions, atOrAfter: range.lowerBound - definitions.maxFutureSkew)
    let ends =
      switch extent {
      case .any: try reader.ends(of: partitions)
      case .ofItsTime:
        try ends(
          of: partitions,
          before: range.upperBound + definitions.watermarkDelay + definitions.correctionHorizon,
          reader)
      }
    try reader.read(through: ends, from: starts) { _, record in
      defer { decoder.recycle() }
      let record = InputRecord(record, withHeaders: plan.needsHeaders)
      guard try decoder.decode(record, into: &event) == .event,
        range.contains(event.time), event.userID.buffer.elementsEqual(user)
      else { return true }
      return body(event, record.partition)
    }
  }

  /// Where to end for records that were written before a time. A message of several counts as its latest.
  private func ends(
    of partitions: [TopicPartition], before time: Milliseconds, _ reader: TopicReader
  ) throws -> [TopicPartition: Int64] {
    let found = try reader.offsets(of: partitions, atOrAfter: time)
    guard plan.isKeyed else { return found }
    return found.merging(try reader.ends(of: partitions)) { min($0 + 1, $1) }
  }
}
