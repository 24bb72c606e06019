// Safety: the arguments' own memory is written within their length, before any thread is started.

import Foundation

/// What the program was started with. Everybody on the machine can list that, so passwords do not stay there.
enum ProcessArguments {
  /// The arguments as they were; in the list of processes their passwords are `x`s from now on.
  static func takeSecretsAway() -> [String] {
    let arguments = CommandLine.arguments
    for (index, argument) in arguments.enumerated() {
      guard let pointer = CommandLine.unsafeArgv[index] else { continue }
      let length = strlen(pointer)
      for range in secrets(in: Array(argument.utf8)) where range.upperBound <= length {
        for place in range { pointer[place] = CChar(UInt8(ascii: "x")) }
      }
    }
    return arguments
  }

  /// Where passwords are: in `scheme://user:password@host`, and behind `password=`.
  static func secrets(in argument: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for start in places(of: "://", in: argument) {
      let rest = argument[start...]
      let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? argument.endIndex
      guard let at = argument[start..<end].lastIndex(of: UInt8(ascii: "@")),
        let colon = argument[start..<at].firstIndex(of: UInt8(ascii: ":"))
      else { continue }
      found.append(colon + 1..<at)
    }
    for start in places(of: "password=", in: argument) {
      let end = argument[start...].firstIndex(of: UInt8(ascii: "&")) ?? argument.endIndex
      found.append(start..<end)
    }
    return found
  }

  /// Where what comes behind `text` begins.
  private static func places(of text: String, in argument: [UInt8]) -> [Int] {
    let wanted = Array(text.utf8)
    guard argument.count >= wanted.count else { return [] }
    return (0...argument.count - wanted.count).filter {
      argument[$0..<$0 + wanted.count].elementsEqual(wanted)
    }.map { $0 + wanted.count }
  }
}
