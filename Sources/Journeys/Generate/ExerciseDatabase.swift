import Codec
import SQLite

/// A database as in a well-known exercise: sessions, conversions and costs, dates and times in two
/// columns, money in floating-point columns, half of the journeys with a single session.
package struct ExerciseDatabase {
  private struct Channel {
    var name: String
    /// In cents, at least and at most; none for channels that cost nothing.
    var cost: ClosedRange<UInt64>?
    var weight: UInt64
  }

  private static let channels = [
    Channel(name: "Paid Search, Brand", cost: 5...120, weight: 22),
    Channel(name: "Paid Search, Non Brand", cost: 20...310, weight: 16),
    Channel(name: "Social Ads", cost: 10...180, weight: 18),
    Channel(name: "Display", cost: 1...40, weight: 9),
    Channel(name: "Affiliates", cost: 30...90, weight: 6),
    Channel(name: "Email", cost: 1...3, weight: 8),
    Channel(name: "Organic", cost: nil, weight: 13),
    Channel(name: "Direct", cost: nil, weight: 8),
  ]

  package var seed: UInt64
  package var conversions: Int
  package var firstDay: JourneyDay
  package var days: Int

  private var state: UInt64 = 0

  package init(seed: UInt64, conversions: Int, firstDay: JourneyDay, days: Int) {
    self.seed = seed
    self.conversions = conversions
    self.firstDay = firstDay
    self.days = days
  }

  /// Creates the three tables in a new file.
  ///
  /// - Returns: how many sessions there are.
  package mutating func write(to database: SQLiteDatabase) throws -> Int {
    state = seed
    try database.execute(
      """
      CREATE TABLE session_sources (session_id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, \
      event_date TEXT NOT NULL, event_time TEXT NOT NULL, channel_name TEXT NOT NULL, \
      holder_engagement INTEGER NOT NULL, closer_engagement INTEGER NOT NULL, \
      impression_interaction INTEGER NOT NULL);
      CREATE TABLE conversions (conv_id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, \
      conv_date TEXT NOT NULL, conv_time TEXT NOT NULL, revenue REAL NOT NULL);
      CREATE TABLE session_costs (session_id TEXT NOT NULL PRIMARY KEY, cost REAL);
      BEGIN
      """)
    var sessions = 0
    for number in 1...max(1, conversions) {
      let user = "user-\(number)"
      let time =
        firstDay.number * JourneyDay.milliseconds
        + Int64(below(UInt64(days) * 86_400)) * 1_000
      let count = below(2) == 0 ? 1 : 2 + Int(min(below(6), below(12)))
      var session = time - Int64(below(1_200)) * 1_000
      for index in 0..<count {
        sessions += 1
        try add(session: sessions, user: user, time: session, isLast: index == 0, database)
        session -= Int64(60 + below(3 * 86_400)) * 1_000
      }
      // A visit afterwards belongs to no journey.
      if below(10) == 0 {
        sessions += 1
        let later = time + Int64(60 + below(86_400)) * 1_000
        try add(session: sessions, user: user, time: later, isLast: false, database)
      }
      try addConversion("conv-\(number)", user, time, database)
      // Some buy again the same day, without another visit.
      if below(25) == 0 { try addConversion("conv-\(number)-2", user, time + 60_000, database) }
    }
    // Visitors who buy nothing.
    for visitor in 0..<conversions {
      sessions += 1
      let time =
        firstDay.number * JourneyDay.milliseconds
        + Int64(below(UInt64(days) * 86_400)) * 1_000
      try add(
        session: sessions, user: "visitor-\(visitor)", time: time, isLast: false, database)
    }
    try database.execute("COMMIT")
    return sessions
  }

  private mutating func addConversion(
    _ id: String, _ user: String, _ time: Int64, _ database: SQLiteDatabase
  ) throws {
    let (date, clock) = Self.parts(time)
    let revenue = Double(500 + below(30_000)) / 100
    try database.run("INSERT INTO conversions VALUES (?, ?, ?, ?, ?)") { row throws(SQLiteError) in
      try row.bind(1, id)
      try row.bind(2, user)
      try row.bind(3, date)
      try row.bind(4, clock)
      row.bind(5, revenue)
    }
  }

  private mutating func add(
    session number: Int, user: String, time: Int64, isLast: Bool, _ database: SQLiteDatabase
  ) throws {
    let channel = pick()
    let (date, clock) = Self.parts(time)
    let isImpression = channel.name == "Display" && !isLast && below(2) == 0
    let holder: Int64 = below(3) == 0 ? 1 : 0
    let closer: Int64 = isLast || below(5) == 0 ? 1 : 0
    try database.run("INSERT INTO session_sources VALUES (?, ?, ?, ?, ?, ?, ?, ?)") {
      row throws(SQLiteError) in
      try row.bind(1, "session-\(number)")
      try row.bind(2, user)
      try row.bind(3, date)
      try row.bind(4, clock)
      try row.bind(5, channel.name)
      row.bind(6, holder)
      row.bind(7, closer)
      row.bind(8, isImpression ? Int64(1) : 0)
    }
    guard let cost = channel.cost else { return }
    let cents = cost.lowerBound + below(cost.upperBound - cost.lowerBound + 1)
    try database.run("INSERT INTO session_costs VALUES (?, ?)") { row throws(SQLiteError) in
      try row.bind(1, "session-\(number)")
      row.bind(2, Double(cents) / 100)
    }
  }

  private mutating func pick() -> Channel {
    var left = below(Self.channels.reduce(0) { $0 + $1.weight })
    for channel in Self.channels {
      if left < channel.weight { return channel }
      left -= channel.weight
    }
    return Self.channels[0]
  }

  private static func parts(_ time: Int64) -> (date: String, clock: String) {
    let text = Time.formatSeconds(time)
    return (String(text.prefix(10)), String(text.dropFirst(11).dropLast()))
  }

  /// A number below the bound, by SplitMix64; the bias is below `bound` / 2^64.
  private mutating func below(_ bound: UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return (mixed ^ (mixed >> 31)).multipliedFullWidth(by: bound).high
  }
}
