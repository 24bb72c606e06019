/// A log that could not be read to its end in time; worth another try.
public struct LogStall: Error, CustomStringConvertible {
  public let description: String
}
