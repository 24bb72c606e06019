/// A configuration that cannot be used: what is wrong, where, and what to do about it.
///
/// Its description is one line and never holds the value of a secret.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, environment variable or flag that holds the fault.
  public var source: String
  /// Counted from 1; nil where the source has no lines.
  public var line: Int?
  /// Counted from 1, in Unicode scalars.
  public var column: Int?
  public var problem: String
  /// What to do; empty when the problem says it.
  public var advice: String

  public init(
    source: String, line: Int? = nil, column: Int? = nil, problem: String, advice: String = ""
  ) {
    self.source = source
    self.line = line
    self.column = column
    self.problem = problem
    self.advice = advice
  }

  /// `source:line:column: problem; advice`
  public var description: String {
    var text = source
    if let line { text += ":\(line)" }
    if let column { text += ":\(column)" }
    text += ": " + problem
    if !advice.isEmpty { text += "; " + advice }
    return text
  }
}

/// `text` as it may stand inside a one-line message: quoted, control characters escaped, cut at 80
/// characters.
func quoted(_ text: String) -> String {
  var result = "\""
  var count = 0
  for scalar in text.unicodeScalars {
    if count == 80 {
      result += "…"
      break
    }
    result += scalar.escaped(asASCII: false)
    count += 1
  }
  return result + "\""
}
