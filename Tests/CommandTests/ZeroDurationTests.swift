import Testing

/// Durations of nothing, where nothing makes no sense.
@Suite struct ZeroDurationTests {
  @Test func aDurationOfNothingIsWrongUsage() throws {
    for (arguments, message) in [
      (
        ["serve", "--since", "0d"],
        "--since 0d would keep nothing in memory; name a duration such as 35d, or all."
      ),
      (["demo", "--duration", "0s"], "--duration must be longer than 0, as in 90s."),
      (["dead-letters", "--since", "0h"], "--since 0h is neither a duration such as 24h"),
    ] {
      let result = try Program().run(arguments: arguments, timeout: 20)
      #expect(result.status == 2 && result.errors.contains(message), "\(result.errors)")
      #expect(result.errors.contains("Error: \(message)"))
    }
  }
}
