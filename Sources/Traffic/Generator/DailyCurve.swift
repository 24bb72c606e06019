import Attribution

/// How busy each hour of a day (UTC) is: quiet at night, busiest in the evening, 1,000 on average.
enum DailyCurve {
  private static let permilleByHour: [Int64] = [
    420, 280, 200, 180, 200, 300, 500, 750, 920, 1010, 1050, 1060,
    1080, 1050, 1050, 1080, 1150, 1450, 1700, 2000, 2150, 2000, 1450, 970,
  ]

  /// The quietest hour's level.
  static let leastPermille: Int64 = 180

  /// The level at `time`, interpolated between full hours.
  static func permille(at time: Milliseconds) -> Int64 {
    let hourLength: Milliseconds = 3_600_000
    let day = 24 * hourLength
    let timeOfDay = ((time % day) + day) % day
    let hour = Int(timeOfDay / hourLength)
    let this = permilleByHour[hour]
    let next = permilleByHour[(hour + 1) % 24]
    return this + (next - this) * (timeOfDay % hourLength) / hourLength
  }
}
