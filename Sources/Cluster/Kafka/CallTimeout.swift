/// How long calls to the broker may take, in milliseconds.
enum CallTimeout {
  static let call: Int32 = 15_000
  /// A commit that is not answered is asked for again until the brokers have ended the transaction.
  static let commit: Int32 = 12_000
  static let commitInAll = Duration.seconds(25)
  static let initialization: Int32 = 30_000
  /// For what the client's own threads do, without a broker.
  static let seek: Int32 = 5_000
  /// For what can as well be done later.
  static let tidying: Int32 = 5_000
  /// For leaving the group; who cannot say goodbye is missed when its session times out.
  static let leave: Int32 = 3_000
}
