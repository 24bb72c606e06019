/// Text from files as it is shown to a person: on one line, of bounded length, without control characters.
package enum ShownText {
  /// - Parameter most: the most characters that are shown.
  package static func short(_ text: String, most: Int = 40) -> String {
    var shown = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
      if index == most { return shown + "…" }
      let isHidden =
        scalar.properties.generalCategory == .control
        || scalar.properties.generalCategory == .format
        || scalar.properties.generalCategory == .lineSeparator
        || scalar.properties.generalCategory == .paragraphSeparator
      shown.unicodeScalars.append(isHidden ? "\u{FFFD}" : scalar)
    }
    return shown
  }

  /// The text in quotes.
  static func quoted(_ text: String) -> String { "\"\(short(text, most: 60))\"" }
}
