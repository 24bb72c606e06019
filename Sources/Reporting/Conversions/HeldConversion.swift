import Attribution
import Codec

/// One conversion with its touches and what each of them earned, as far as lists and paths need it. It knows no user.
public struct HeldConversion: Sendable {
  /// An eligible touch, its names spelled as rollups spell them.
  public struct Touch: Sendable {
    public let time: Milliseconds
    /// Values of `dimensions`, in their order.
    public let names: [String]
  }

  /// What touches have in an attribution.
  public static let dimensions: [Dimension] = [.campaignID, .channel, .adID]

  public let id: String
  public let time: Milliseconds
  public let value: Micros
  /// In order of time; empty where the conversion is unattributed.
  public let touches: [Touch]
  /// Credits in millionths, model after model, each a number per touch.
  private let credits: [Int64]
  private let revenues: [Micros]

  /// - Parameters:
  ///   - models: those of the definitions; what the record says of others is left out, what it lacks is zero.
  ///   - names: gives each name as rollups spell it.
  init(_ attribution: PublishedAttribution, models: [Model], names: (String) -> String) {
    id = attribution.conversionID
    time = attribution.time
    value = attribution.value
    touches = attribution.touches.map {
      Touch(time: $0.time, names: [names($0.campaignID), names($0.channel), names($0.adID)])
    }
    let zeros = [Int64](repeating: 0, count: attribution.touches.count)
    credits = models.flatMap { attribution.credits[$0.rawValue] ?? zeros }
    revenues = models.flatMap { attribution.revenues[$0.rawValue] ?? zeros }
  }

  /// What the touches that are wanted earned under a model, by its index: millionths and micros. What no touch earned
  /// belongs to the unattributed.
  public func share(_ model: Int, of isWanted: (Int) -> Bool) -> (credit: Int64, revenue: Micros) {
    guard !touches.isEmpty else { return (Money.microsPerUnit, value) }
    var sums = (credit: Int64(0), revenue: Micros(0))
    for touch in touches.indices where isWanted(touch) {
      sums.credit += credits[model * touches.count + touch]
      sums.revenue += revenues[model * touches.count + touch]
    }
    return sums
  }

  /// From the first eligible touch to the conversion; nil where there is none.
  public var delay: Milliseconds? { touches.first.map { time - $0.time } }
}
