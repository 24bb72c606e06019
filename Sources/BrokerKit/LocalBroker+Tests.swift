/// The broker of a test process.
extension LocalBroker {
  private static let started = Result { () throws(Unavailable) -> LocalBroker in
    if let given = environment("TRIBUTARY_TEST_BOOTSTRAP") { return LocalBroker(given: given) }
    return try LocalBroker()
  }

  /// The broker that all tests of this process share: the one of `TRIBUTARY_TEST_BOOTSTRAP`, or a
  /// local one, started on first use.
  public static func shared() throws(Unavailable) -> LocalBroker {
    try started.get()
  }

  /// Whether tests that need a broker can run here. Starts nothing.
  public static var isAvailable: Bool {
    environment("TRIBUTARY_TEST_BOOTSTRAP") != nil || executable() != nil
  }

  /// A name no other test uses, on this broker or a shared one.
  public static func uniqueName(_ prefix: String) -> String {
    "\(prefix)-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
  }
}
