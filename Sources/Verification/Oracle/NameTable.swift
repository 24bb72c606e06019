import Attribution

/// Numbers for names, so that a million events fit in memory and compare fast. Two names are the same when
/// their bytes are.
struct NameTable: Sendable {
  private var numbers: [ByteString: UInt32] = [:]
  private var names: [String] = []

  /// The number of `name`, a new one if it has none yet. The name "" gets no special treatment.
  mutating func number(of name: String) -> UInt32 {
    if let number = numbers[ByteString(name)] { return number }
    let number = UInt32(names.count)
    numbers[ByteString(name)] = number
    names.append(name)
    return number
  }

  /// The number of `name`, if it has one.
  func number(ofKnown name: String) -> UInt32? { numbers[ByteString(name)] }

  subscript(number: UInt32) -> String { names[Int(number)] }

  /// Whether the first name's bytes sort before the second's.
  func isBefore(_ first: UInt32, _ second: UInt32) -> Bool {
    first != second && names[Int(first)].utf8.lexicographicallyPrecedes(names[Int(second)].utf8)
  }
}
