import Attribution
import Configuration

/// Names how the records of a topic are read, so that a change shows.
public struct MappingFingerprint: Sendable, Equatable {
  /// Everything that the entries say.
  public var whole: UInt64
  /// By the number of the kind: what tells events and users apart, the sources of ids and of `match_on`. 0 for a kind
  /// that the topic does not have.
  public var identities: [UInt64]

  public init(whole: UInt64, identities: [UInt64]) {
    self.whole = whole
    self.identities = identities
  }

  /// - Parameters:
  ///   - entries: of one topic, in their order.
  ///   - matchOn: fields that are part of who a user is.
  init(_ entries: [InputEntry], matchOn: [String]) {
    whole = Self.hash(entries.map(\.text))
    identities = EventKind.allCases.map { kind in
      let ids = ["event_id", kind == .cost ? "campaign_id" : "user_id"] + matchOn
      let own = Set(
        entries.filter { $0.kind == kind }.map { entry in
          ids.map { entry.sourceText(of: $0) }.joined(separator: "\n")
        })
      return own.isEmpty ? 0 : Self.hash(own.sorted())
    }
  }

  /// Of an internal topic, whose events come from several others.
  init(of sources: [MappingFingerprint]) {
    whole = Self.hash(sources.map { "\($0.whole)" }.sorted())
    identities = EventKind.allCases.indices.map { kind in
      let own = Set(sources.map { $0.identities[kind] }.filter { $0 != 0 })
      return own.isEmpty ? 0 : Self.hash(own.sorted().map { "\($0)" })
    }
  }

  /// Whether events of a kind that both have are known by the same ids and users.
  public func identifies(as other: MappingFingerprint) -> Bool {
    zip(identities, other.identities).allSatisfy { $0 == $1 || $0 == 0 || $1 == 0 }
  }

  private static func hash(_ texts: [String]) -> UInt64 {
    Array(texts.joined(separator: "\u{0}").utf8).withUnsafeBytes {
      Hash128(fingerprintOf: BorrowedBytes($0)).high
    }
  }
}
