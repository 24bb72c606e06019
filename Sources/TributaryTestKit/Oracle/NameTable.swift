/// Numbers for names, so that a million events fit in memory and compare fast.
///
/// Two names are the same when their UTF-8 bytes are: unlike `String`, for which a precomposed "é" and
/// "e" with an accent are equal.
struct NameTable: Sendable {
  private struct Name: Hashable {
    let text: String

    static func == (left: Name, right: Name) -> Bool {
      left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
      let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
        hasher.combine(bytes: UnsafeRawBufferPointer($0))
      }
      if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
  }

  private var numbers: [Name: UInt32] = [:]
  private var names: [String] = []

  /// The number of `name`, a new one if it has none yet. The name "" gets no special treatment.
  mutating func number(of name: String) -> UInt32 {
    if let number = numbers[Name(text: name)] { return number }
    let number = UInt32(names.count)
    numbers[Name(text: name)] = number
    names.append(name)
    return number
  }

  subscript(number: UInt32) -> String { names[Int(number)] }

  /// Whether the first name's bytes sort before the second's.
  func isBefore(_ first: UInt32, _ second: UInt32) -> Bool {
    first != second && names[Int(first)].utf8.lexicographicallyPrecedes(names[Int(second)].utf8)
  }
}
