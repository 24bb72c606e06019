import Attribution
import Codec

/// The newest conversions of the attributions topic, in bounded memory.
///
/// Records come in the order of their partitions: a later one of a conversion takes the place of the one before it.
/// When there are too many, those with the oldest event times are left out.
public struct ConversionIndex: Sendable {
  private let models: [Model]
  private let limit: Int
  private let touchLimit: Int
  private var places: [String: Int] = [:]
  private var held: [HeldConversion] = []
  private var touchCount = 0
  /// The same text is held once.
  private var names: [String: String] = [:]
  private static let nameLimit = 50_000
  /// Whether some of the topic's conversions are not held, because they are too old.
  public private(set) var isPartial = false

  /// - Parameters:
  ///   - limit: the most conversions; up to an eighth more are held for a while.
  ///   - touchLimit: the most touches, of all conversions together.
  public init(models: [Model], limit: Int = 50_000, touchLimit: Int = 500_000) {
    self.models = models
    self.limit = limit
    self.touchLimit = touchLimit
  }

  /// In no order.
  public var conversions: [HeldConversion] { held }

  /// The event time of the oldest one; nil where there is none.
  public var oldest: Milliseconds? { held.lazy.map(\.time).min() }

  /// To be told when reading did not begin at the topic's beginning.
  public mutating func noteOlderOnes() { isPartial = true }

  /// Takes the newest word on a conversion; nil where there is none any more.
  public mutating func apply(_ attribution: PublishedAttribution?, of id: String) {
    guard let attribution, !attribution.isDeleted else { return remove(id) }
    if names.count > Self.nameLimit { names.removeAll() }
    let conversion = HeldConversion(attribution, models: models) { name in
      if let known = names[name], known.utf8.elementsEqual(name.utf8) {
        return publishedName(known)
      }
      names[name] = name
      return publishedName(name)
    }
    touchCount += conversion.touches.count
    if let place = places[id] {
      touchCount -= held[place].touches.count
      held[place] = conversion
    } else {
      places[id] = held.count
      held.append(conversion)
    }
    if held.count > limit + limit / 8 || touchCount > touchLimit + touchLimit / 8 {
      leaveOutOldest()
    }
  }

  private mutating func remove(_ id: String) {
    guard let place = places.removeValue(forKey: id) else { return }
    touchCount -= held[place].touches.count
    let last = held.removeLast()
    guard place < held.count else { return }
    held[place] = last
    places[last.id] = place
  }

  private mutating func leaveOutOldest() {
    var kept: [HeldConversion] = []
    touchCount = 0
    for conversion in held.sorted(by: { $0.time > $1.time }).prefix(limit) {
      guard touchCount + conversion.touches.count <= touchLimit else { break }
      touchCount += conversion.touches.count
      kept.append(conversion)
    }
    isPartial = true
    held = kept
    places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1.id, $0) })
  }
}
