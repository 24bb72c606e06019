import Attribution
import TestKit
import Testing

@testable import Codec

/// The values under paths, in one pass, are those that a walk down the record's tree finds.
@Suite struct JSONPathScannerTests {
  /// A value with its text as it stands in the record.
  private indirect enum Value {
    case scalar(text: String, meaning: String)
    case object([(key: String, value: Value)], text: String)
    case array([Value], text: String)

    var text: String {
      switch self {
      case .scalar(let text, _), .object(_, let text), .array(_, let text): text
      }
    }

    /// Of a scalar what it means, of others their text.
    var meaning: String { if case .scalar(_, let meaning) = self { meaning } else { text } }

    /// The obvious walk.
    func value(at path: ArraySlice<PathStep>) -> Value? {
      guard let step = path.first else { return self }
      switch (step, self) {
      case (.name(let name), .object(let members, _)):
        return members.last { $0.key == name }?.value.value(at: path.dropFirst())
      case (.name(let name), .array(let elements, _)):
        guard let index = Int(name), elements.indices.contains(index) else { return nil }
        return elements[index].value(at: path.dropFirst())
      case (.element(let name, let wanted), .array(let elements, _)):
        return elements.first { element in
          guard case .object(let members, _) = element,
            case .scalar(_, let meaning)? = members.last(where: { $0.key == name })?.value
          else { return false }
          return meaning == wanted
        }?.value(at: path.dropFirst())
      default: return nil
      }
    }
  }

  private static let keys = [
    "id", "user", "at", "utm", "x", "list", "0", "k", "a longer key of those there are",
  ]
  private static let scalars = ["x", "click", "0", "a longer text of those there are", ""]
  private static let paths: [[PathStep]] = [
    [.name("id")], [.name("user"), .name("id")], [.name("user"), .name("x")],
    [.name("user"), .name("utm"), .name("k")], [.name("at")], [.name("utm"), .name("user")],
    [.name("utm"), .name("user"), .name("id")], [.name("list"), .name("0")],
    [.name("list"), .name("1"), .name("id")], [.name("x"), .name("0"), .name("k")],
    [.name("list"), .element(name: "k", value: "x"), .name("id")],
    [.name("list"), .element(name: "k", value: "click")],
    [.name("user"), .name("list"), .element(name: "id", value: "0"), .name("at")],
    [.name("a longer key of those there are"), .name("a longer key of those there are")],
  ]

  /// Makes values whose texts have blanks or none.
  private struct Maker {
    var random: SeededRandom
    var hasBlanks = false

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func blank() -> String {
      hasBlanks ? ["", " ", "\n  ", "\t"].randomElement(using: &random)! : ""
    }

    private mutating func key() -> (text: String, key: String) {
      let key = JSONPathScannerTests.keys.randomElement(using: &random)!
      guard number(0..<20) == 0 else { return (key, key) }
      return ("\\u00" + String(key.utf8.first!, radix: 16) + key.dropFirst(), key)
    }

    mutating func value(depth: Int) -> Value {
      switch depth > 3 ? 9 : number(0..<10) {
      case 0...2: return object(depth: depth + 1)
      case 3: return array(depth: depth + 1)
      case 4: return .scalar(text: "\(depth).5e1", meaning: "\(depth).5e1")
      case 5: return .scalar(text: "null", meaning: "null")
      default:
        let text = JSONPathScannerTests.scalars.randomElement(using: &random)!
        guard !text.isEmpty, number(0..<10) == 0 else {
          return .scalar(text: "\"\(text)\"", meaning: text)
        }
        return .scalar(text: "\"\(text)\\n\"", meaning: text + "\n")
      }
    }

    mutating func object(depth: Int) -> Value {
      var members: [(String, Value)] = []
      var parts: [String] = []
      for _ in 0..<number(0..<7) {
        let (text, key) = key()
        let value = value(depth: depth)
        members.append((key, value))
        parts.append(blank() + "\"\(text)\"" + blank() + ":" + blank() + value.text + blank())
      }
      return .object(members, text: "{" + parts.joined(separator: ",") + blank() + "}")
    }

    private mutating func array(depth: Int) -> Value {
      let values = (0..<number(0..<4)).map { _ in value(depth: depth) }
      let parts = values.map { blank() + $0.text + blank() }
      return .array(values, text: "[" + parts.joined(separator: ",") + "]")
    }
  }

  private struct Scanner {
    let scanner: JSONPathScanner
    let slots: [Int]

    init() {
      var tree = PathTree()
      slots = JSONPathScannerTests.paths.map { tree.insert($0) }
      tree.finish()
      scanner = JSONPathScanner(tree)
    }

    /// What was found under each path; nil for a malformed record.
    func locate(_ record: [UInt8]) -> [String?]? {
      defer { scanner.values.arena.recycle() }
      return record.withUnsafeBytes { bytes in
        guard scanner.locate(BorrowedBytes(bytes)) else { return nil }
        return slots.map { slot in
          scanner.values[slot].map { scanner.values.arena.text(of: $0.span) }
        }
      }
    }
  }

  @Test func whatIsFoundIsWhatAWalkFindsWhateverHasBeenLearned() {
    let seed = newSeed()
    var maker = Maker(random: SeededRandom(seed: seed))
    let learned = Scanner()
    var (found, malformed) = (0, 0)
    // Few shapes, so that most of them have been learned.
    let shapes = (0..<150).map { number in
      maker.hasBlanks = number % 3 == 0
      return maker.object(depth: 0)
    }
    for _ in 0..<30_000 {
      var record = shapes.randomElement(using: &maker.random)!
      if maker.number(0..<10) == 0 { record = maker.object(depth: 0) }
      let end = maker.number(0..<4) == 0 ? " \n" : ""
      let expected = Self.paths.map { record.value(at: $0[...])?.meaning }
      let values = learned.locate(Array((record.text + end).utf8))
      #expect(values == expected, "seed \(seed): \(record.text)")
      found += expected.count { $0 != nil }

      var broken = Array((record.text + end).utf8)
      let place = maker.number(0..<broken.count)
      switch maker.number(0..<3) {
      case 0: broken[place] = broken.randomElement(using: &maker.random)!
      case 1: broken.remove(at: place)
      default:
        broken.insert(Array("{}[]\",:u".utf8).randomElement(using: &maker.random)!, at: place)
      }
      let isObject = ReferenceJSON.isObject(broken)
      let others = learned.locate(broken)
      #expect(
        (others != nil) == isObject, "seed \(seed): \(String(decoding: broken, as: UTF8.self))")
      #expect(
        others == Scanner().locate(broken),
        "seed \(seed): \(String(decoding: broken, as: UTF8.self))")
      if !isObject { malformed += 1 }
    }
    #expect(found > 10_000)
    #expect(malformed > 10_000)
  }

  @Test(
    arguments: [
      (#"{"user":{"id":"1"},"user":{"x":"2"}}"#, nil, "2"),
      (#"{"user":{"id":"1"},"user":{}}"#, nil, nil),
      (#"{"user":{"id":"1"},"user":null,"user":{"id":"3"}}"#, "3", nil),
      (#"{"user":[1],"user":{"id":"1","x":"2"}}"#, "1", "2"),
    ] as [(String, String?, String?)])
  func ofARepeatedObjectTheLastCountsWithAllBeneathIt(record: String, id: String?, x: String?) {
    let scanner = Scanner()
    // Learned in between, so that the pieces are known from elsewhere too.
    for text in [record, #"{"user":{"id":"7","x":"8"}}"#, record, record] {
      let values = scanner.locate(Array(text.utf8))
      guard text == record else { continue }
      #expect(values?[1] == id)
      #expect(values?[2] == x)
    }
  }
}
