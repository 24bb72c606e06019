internal import Foundation

/// The API's key: never in an argument, a log or an error.
package struct APIKey: Sendable, CustomStringConvertible, CustomReflectable {
  package static let variable = "TRIBUTARY_JOURNEYS_API_KEY"
  private static let longestFile = 4_096

  let text: String

  /// From the file, or else from the environment.
  package init(file: String?, environment: [String: String]) throws(JourneyError) {
    if let file = file ?? environment[Self.variable + "_FILE"] {
      guard let handle = FileHandle(forReadingAtPath: file),
        let data = try? handle.read(upToCount: Self.longestFile + 1)
      else { throw JourneyError("the API key's file \(file) cannot be read") }
      try self.init(data, from: file)
    } else if let value = environment[Self.variable] {
      try self.init(Data(value.utf8), from: Self.variable)
    } else {
      throw JourneyError("the API needs a key; set \(Self.variable) or pass --api-key-file")
    }
  }

  private init(_ data: Data, from source: String) throws(JourneyError) {
    let key = String(decoding: data, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard !key.isEmpty else { throw JourneyError("\(source) holds no key") }
    // Anything else could end the header.
    guard data.count <= Self.longestFile, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw JourneyError("\(source) holds no key: it must be one line of visible ASCII")
    }
    text = key
  }

  package var description: String { "…" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
