/// The key of the messages of an internal topic that hold several re-keyed records.
public enum PackKey {
  public static let bytes = Array("\0tributary-pack".utf8)

  /// Whether a message says of itself that it is a pack.
  public static func matches(_ key: UnsafeRawBufferPointer?) -> Bool {
    guard let key, key.count == bytes.count, key.first == 0 else { return false }
    return key.elementsEqual(bytes)
  }
}
