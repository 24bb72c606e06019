/// How much one of the engine's stores holds.
public struct StoreSize: Sendable, Equatable {
  /// `identities`, `journeys` or `rollups`.
  public var name: String
  /// Entries.
  public var entries: Int
  /// Bytes held, all overhead included.
  public var bytes: Int

  public init(name: String, entries: Int, bytes: Int) {
    self.name = name
    self.entries = entries
    self.bytes = bytes
  }
}
