import Attribution
import Codec
import Foundation

extension Configuration {
  /// A shorter key can be guessed.
  public static let leastPseudonymKey = 32
  /// A longer file is something else.
  private static let mostPseudonymKey = 4_096

  /// Reads the key that `pseudonymize` names, if it names one, into ``definitions``.
  ///
  /// The bytes of the file are the key, without line ends behind them.
  ///
  /// - Throws: where an input is re-keyed, there is no such file, others than its owner and group may read it, or the key is too short.
  public mutating func readPseudonymKey() throws(ConfigurationError) {
    guard let path = pseudonymize else { return }
    func error(_ problem: String, _ advice: String) -> ConfigurationError {
      ConfigurationError(source: "pseudonymize \(path)", problem: problem, advice: advice)
    }
    if let input = inputs?.first(where: \.rekey) {
      throw error(
        "it does not reach the records of \(quoted(input.topic ?? "")), which inputs re-keys: they are passed on as "
          + "they came",
        "have its producers key it by user_id, or leave pseudonymize out")
    }
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
      throw error(
        "there is no such file", "make it: `(umask 077; openssl rand -hex 32 >\(path))`")
    }
    guard let file = FileHandle(forReadingAtPath: path),
      let found = try? file.read(upToCount: Self.mostPseudonymKey + 1)
    else {
      throw error("cannot be read", "check that it is a file, and its permissions")
    }
    // What a link leads to counts.
    let resolved =
      (try? FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)) ?? attributes
    let mode = (resolved[.posixPermissions] as? Int) ?? 0
    guard mode & 0o004 == 0 else {
      throw error(
        "every user of this machine can read it (mode \(String(mode & 0o777, radix: 8)))",
        "`chmod o-rwx \(path)`; of a Kubernetes secret, set defaultMode: 0440")
    }
    guard found.count <= Self.mostPseudonymKey else {
      throw error("is larger than \(Self.mostPseudonymKey) bytes", "name the file with the key")
    }
    var key = Array(found)
    while let last = key.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
      key.removeLast()
    }
    guard key.count >= Self.leastPseudonymKey else {
      throw error(
        "its key has \(key.count) bytes, fewer than \(Self.leastPseudonymKey)",
        "`openssl rand -hex 32` makes one")
    }
    definitions.pseudonymKey = PseudonymKey(key)
  }
}
