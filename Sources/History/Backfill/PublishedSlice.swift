import Attribution
import Cluster
import Codec
import Configuration
import Inputs
import Kafka

/// What is published of a period: rollups, and a fingerprint of every attribution.
struct PublishedSlice {
  /// A conversion's attribution: what it says, as a hash, and how often it was published.
  struct Attribution {
    var content: Hash128
    var revision: Int64
  }

  private(set) var rollups: WindowSums
  private var attributions: [Hash128: Attribution] = [:]
  private let definitions: Definitions
  private let forms: PublishedForms
  /// Of this run's own.
  private let hashing: IdentityKey

  /// Of conversions that are kept whatever their time.
  private let restated: Set<[UInt8]>

  /// Reads both topics. Keeps the rollups of `windows` and the attributions of `conversions`.
  ///
  /// - Parameter restated: conversions whose attributions are kept too, wherever they have been so far.
  init(
    _ configuration: Configuration, windows: Range<Milliseconds>, conversions: Range<Milliseconds>,
    restated: Set<[UInt8]> = [], from log: any ArchiveLog
  ) throws {
    forms = try PublishedForms(configuration)
    self.restated = restated
    definitions = configuration.definitions
    var random = SystemRandomNumberGenerator()
    hashing = IdentityKey(IdentitySecret(using: &random))
    rollups = WindowSums(modelCount: definitions.models.count)
    for partition in try log.partitions(of: configuration.topics.rollups) {
      try log.readThrough(partition) { try take(rollup: $0, windows) }
    }
    for partition in try log.partitions(of: configuration.topics.attributions) {
      try log.readThrough(partition) { try take(attribution: $0, conversions) }
    }
  }

  private mutating func take(rollup record: Record, _ windows: Range<Milliseconds>) throws {
    guard let key = record.key, let value = record.value, key.first != UInt8(ascii: "@") else {
      return
    }
    let name = key.prefix { $0 != UInt8(ascii: "|") }
    guard let view = definitions.views.firstIndex(where: { name.elementsEqual($0.name.utf8) }),
      let start = windowStart(ofKey: key), windows.contains(start)
    else { return }
    let rollup = try forms.rollup(value, RollupCodec(definitions: definitions))
    rollups.set(
      rollup.sums.columns, of: WindowSums.Window(key: Array(key), view: view, start: start))
  }

  private func windowStart(ofKey key: UnsafeRawBufferPointer) -> Milliseconds? {
    guard let bar = key.lastIndex(of: UInt8(ascii: "|")) else { return nil }
    return Time.parse(BorrowedBytes(UnsafeRawBufferPointer(rebasing: key[(bar + 1)...])))
  }

  private mutating func take(attribution record: Record, _ times: Range<Milliseconds>) throws {
    guard let key = record.key, let value = record.value else { return }
    try forms.withJSON(value) { try take(attribution: key, $0, times) }
  }

  /// - Parameter value: as JSON.
  private mutating func take(
    attribution key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
    _ times: Range<Milliseconds>
  ) throws {
    let published = try AttributionCodec.decode(value)
    let id = hashing.hash(BorrowedBytes(key))
    // A later version may have moved it out of the period: its revisions go on.
    guard
      times.contains(published.time) || attributions[id] != nil
        || !restated.isEmpty && restated.contains(Array(key))
    else { return }
    attributions[id] = Attribution(
      content: content(ofAttribution: value), revision: published.revision)
  }

  func attribution(of conversionID: BorrowedBytes) -> Attribution? {
    attributions[hashing.hash(conversionID)]
  }

  /// Everything of an attribution's JSON but the revision, which comes last.
  func content(ofAttribution value: UnsafeRawBufferPointer) -> Hash128 {
    let comma = value.lastIndex(of: UInt8(ascii: ",")) ?? value.endIndex
    return hashing.hash(BorrowedBytes(UnsafeRawBufferPointer(rebasing: value[..<comma])))
  }

  // MARK: Changes that are under way

  mutating func add(_ delta: [Int128], to window: WindowSums.Window) {
    rollups.add(delta, to: window)
  }

  /// - Parameter value: as JSON.
  mutating func note(attribution value: [UInt8], of conversionID: [UInt8], revision: Int64) {
    let id = conversionID.withUnsafeBytes { hashing.hash(BorrowedBytes($0)) }
    attributions[id] = value.withUnsafeBytes {
      Attribution(content: content(ofAttribution: $0), revision: revision)
    }
  }
}
