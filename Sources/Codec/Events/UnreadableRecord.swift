/// Why a record of the output topics cannot be read: it was not written by this version of the
/// processor, or not under these definitions.
public struct UnreadableRecord: Error, Equatable, Sendable, CustomStringConvertible {
  /// One sentence for a person, without the record itself.
  public let description: String

  package init(_ description: String) { self.description = description }

  static func missing(_ field: String) -> UnreadableRecord {
    UnreadableRecord("the record has no field \(field)")
  }
}

extension Optional {
  /// The value of a field that a record must have.
  func required(_ field: String) throws(UnreadableRecord) -> Wrapped {
    guard let self else { throw .missing(field) }
    return self
  }
}
