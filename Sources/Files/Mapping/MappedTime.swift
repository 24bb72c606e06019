import Attribution
import Codec
import Configuration
import Inputs

/// Reads times as an entry of `inputs` says that they are written.
struct MappedTime {
  private let reading: TimeReading
  /// How times should be written: `of the form "%d.%m.%Y"`.
  let description: String

  /// Throws `FileError` for a pattern or a time zone that means nothing.
  init(_ form: TimeForm) throws(FileError) {
    do { reading = try TimeReading(form) } catch { throw FileError("inputs: \(error)") }
    switch form {
    case .unit(let unit): description = "in \(unit.rawValue)"
    case .pattern(let text, _): description = "of the form \"\(text)\""
    }
  }

  /// The instant that a text says; nil when it says none. What is finer than a millisecond is dropped.
  func read(_ text: BorrowedBytes) -> Milliseconds? {
    guard let time = reading.time(text), (Time.earliest...Time.latest).contains(time) else {
      return nil
    }
    return time
  }
}
