import Testing

@testable import Codec

@Suite struct XXHash64Tests {
  /// Values of the reference implementation.
  @Test(
    arguments: [
      ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
      ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
    ] as [(String, UInt64)])
  func itIsTheReferences(text: String, hash: UInt64) {
    #expect(Array(text.utf8).withUnsafeBytes { XXHash64.hash($0) } == hash)
  }

  @Test func everyByteAndTheSeedMatter() {
    for count in [1, 3, 4, 7, 8, 31, 32, 33, 63, 100] {
      var bytes = (0..<count).map { UInt8($0) }
      let hash = bytes.withUnsafeBytes { XXHash64.hash($0) }
      #expect(bytes.withUnsafeBytes { XXHash64.hash($0, seed: 1) } != hash)
      for index in bytes.indices {
        bytes[index] ^= 0x10
        #expect(bytes.withUnsafeBytes { XXHash64.hash($0) } != hash)
        bytes[index] ^= 0x10
      }
    }
  }
}
