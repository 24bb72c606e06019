import Attribution
import Cluster
import Codec
import Configuration
import Dashboard
import Foundation
import Inputs
import Kafka
import Logging
import Reporting
import Service
import Synchronization

/// Looks up how a conversion came about, in the topics themselves.
///
/// Keys say which partition to read: the conversion's id that of its record, the user's that of the
/// touches, and there only the time in which a touch of the conversion can have come. The rest is read
/// only if nothing is found there: a topic got more partitions, or another partitioner wrote it. One
/// search at a time.
public final class ConversionFinder: ConversionSource {
  private let settings: Configuration
  private let logger: Logger
  private let isSearching = Mutex(false)

  public init(_ settings: Configuration, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  public func explanation(
    of conversionID: String, check: @escaping () throws -> Void = {}
  ) throws -> ConversionExplanation? {
    try isSearching.withLock { _ in
      do { return try search(conversionID, check) } catch let error as RequestWork.Interruption {
        throw error
      } catch {
        logger.warning("looking for a conversion failed: \(error)")
        throw error
      }
    }
  }

  private func search(
    _ conversionID: String, _ check: @escaping () throws -> Void
  ) throws -> ConversionExplanation? {
    let reader = try TopicReader(settings, logger: logger)
    defer { reader.close() }
    reader.check = check
    let revisions = try revisions(of: Array(conversionID.utf8), reader)
    guard let current = revisions.last else { return nil }
    let touches = try compared(try touches(of: current, reader), with: current, reader)
    return ConversionExplanation(
      revisions: revisions, versions: try versions(of: revisions, current, reader),
      touches: touches,
      partition: try partition(of: current, beside: touches, reader), settings.definitions)
  }

  /// The records of the conversion itself.
  private func versions(
    of revisions: [PublishedAttribution], _ conversion: PublishedAttribution,
    _ reader: TopicReader
  ) throws -> [ConversionExplanation.Version] {
    let user = Array(conversion.userID.utf8)
    func find(_ extent: TouchSearch.SearchRange) throws -> [ConversionExplanation.Version] {
      try searches { $0 == .conversion }.flatMap { search in
        let own = try partitions(of: search.topic, forUser: user, reader).own
        return try search.versions(of: revisions, in: own, extent, reader)
      }
    }
    let recent = try find(.ofItsTime)
    // History that was loaded later has the timestamps of its loading.
    return recent.isEmpty ? try find(.any) : recent
  }

  /// Where the conversion came, if some of its user's touches may lie elsewhere.
  private func partition(
    of conversion: PublishedAttribution, beside touches: [ConversionExplanation.FoundTouch],
    _ reader: TopicReader
  ) throws -> Int32? {
    guard touches.contains(where: { !conversion.touches.map(\.eventID).contains($0.touch.eventID) })
    else { return nil }
    return try firstFound(conversion, reader) { search, partitions in
      try search.partition(of: conversion, in: partitions, reader)
    }
  }

  /// What one of the topics with conversions knows of it: first where its user's events belong, then elsewhere.
  private func firstFound<Found>(
    _ conversion: PublishedAttribution, _ reader: TopicReader,
    _ find: (TouchSearch, [TopicPartition]) throws -> Found?
  ) throws -> Found? {
    let searches = try searches { $0 == .conversion }
    for isOwn in [true, false] {
      for search in searches {
        let (own, others) = try partitions(
          of: search.topic, forUser: Array(conversion.userID.utf8), reader)
        if let found = try find(search, isOwn ? own : others) { return found }
      }
    }
    return nil
  }

  /// The topics that have events of some kinds.
  private func searches(_ isWanted: (EventKind) -> Bool) throws -> [TouchSearch] {
    try InputPlans(settings).plans.filter { $0.kinds.contains(where: isWanted) }.map {
      TouchSearch($0, settings.definitions)
    }
  }

  /// The touches with what of `match_on` they do not have in common with the conversion.
  private func compared(
    _ touches: [ConversionExplanation.FoundTouch], with conversion: PublishedAttribution,
    _ reader: TopicReader
  ) throws -> [ConversionExplanation.FoundTouch] {
    let names = settings.definitions.matchOn
    guard !names.isEmpty else { return touches }
    let found = try firstFound(conversion, reader) { search, partitions in
      try search.matchOn(of: conversion, in: partitions, reader)
    }
    guard let values = found else { return touches }
    return touches.map { touch in
      var touch = touch
      for (index, name) in names.enumerated()
      where !touch.matchOn[index].utf8.elementsEqual(values[index].utf8) {
        touch.differing.append(name)
      }
      return touch
    }
  }

  /// The partitions of an input: the one that a user belongs to, and the others.
  private func partitions(
    of topic: String, forUser user: [UInt8], _ reader: TopicReader
  ) throws -> (own: [TopicPartition], others: [TopicPartition]) {
    let all = try reader.partitions(of: [topic])
    // By its pseudonym nobody knows where a user's records lie.
    guard settings.definitions.pseudonymKey == nil,
      let partitioner = UserPartitioner(settings.partitioner, count: Int32(all.count))
    else { return (all, []) }
    let own = user.withUnsafeBytes { all[Int(partitioner.partition(of: BorrowedBytes($0)))] }
    return ([own], all.filter { $0 != own })
  }

  /// The partitions of a topic: the one that a key belongs to, and the others.
  private func partitions(
    of topic: String, for key: [UInt8], _ reader: TopicReader
  ) throws -> (own: [TopicPartition], others: [TopicPartition]) {
    let all = try reader.partitions(of: [topic])
    guard !all.isEmpty else { return ([], []) }
    let own = key.withUnsafeBytes {
      all[Int(StandardPartitioner.partition(key: $0, count: Int32(all.count)))]
    }
    return ([own], all.filter { $0 != own })
  }

  private func revisions(
    of identifier: [UInt8], _ reader: TopicReader
  ) throws -> [PublishedAttribution] {
    let (own, others) = try partitions(
      of: settings.topics.attributions, for: identifier, reader)
    let found = try revisions(of: identifier, in: own, reader)
    return found.isEmpty ? try revisions(of: identifier, in: others, reader) : found
  }

  private func revisions(
    of identifier: [UInt8], in partitions: [TopicPartition], _ reader: TopicReader
  ) throws -> [PublishedAttribution] {
    var revisions: [PublishedAttribution] = []
    let forms = try PublishedForms(settings)
    try reader.read(through: try reader.ends(of: partitions)) { _, record in
      guard let key = record.key, key.elementsEqual(identifier) else { return true }
      if let value = record.value {
        revisions.append(try forms.attribution(value))
      } else {
        revisions.removeAll()
      }
      return true
    }
    return revisions
  }

  /// Touches of the conversion's user, up to twice the look-back before it and as long after it. One that
  /// earned nobody anything is looked for everywhere: with another partitioner, or without keys, a user's
  /// events lie in several partitions.
  private func touches(
    of conversion: PublishedAttribution, _ reader: TopicReader
  ) throws -> [ConversionExplanation.FoundTouch] {
    let searches = try searches(\.isTouch)
    let user = Array(conversion.userID.utf8)
    func find(
      _ extent: TouchSearch.SearchRange, inOwn isOwn: Bool
    ) throws -> [ConversionExplanation.FoundTouch] {
      try searches.flatMap { search in
        let (own, others) = try partitions(of: search.topic, forUser: user, reader)
        return try search.touches(of: conversion, in: isOwn ? own : others, extent, reader)
      }
    }
    var recent = try find(.ofItsTime, inOwn: true)
    if conversion.touches.isEmpty { recent += try find(.ofItsTime, inOwn: false) }
    if Self.isComplete(recent, for: conversion) { return recent }
    // History that was loaded later has the timestamps of its loading.
    let all = try find(.any, inOwn: true)
    if Self.isComplete(all, for: conversion) { return all }
    return all + (try find(.any, inOwn: false))
  }

  /// Whether something was found, and all that earned credit is there.
  private static func isComplete(
    _ touches: [ConversionExplanation.FoundTouch], for conversion: PublishedAttribution
  ) -> Bool {
    func identity(_ touch: PublishedAttribution.Touch) -> [UInt8] {
      [touch.kind.rawValue] + Array(touch.eventID.utf8)
    }
    return !touches.isEmpty
      && Set(touches.map { identity($0.touch) }).isSuperset(of: conversion.touches.map(identity))
  }
}
