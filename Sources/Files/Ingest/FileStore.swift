/// A file that is to be taken: one in a folder, or an object in a store.
package struct IncomingFile: Sendable {
  /// What it is called towards a person; its ending says how it is written.
  package var path: String
  /// Names above it say nothing about kinds; its own does.
  package var folder: String
  package var content: any FileContent

  package init(path: String, folder: String, content: any FileContent) {
    self.path = path
    self.folder = folder
    self.content = content
  }
}

/// Where files lie that are to be taken: a folder, or a bucket of an object store.
package protocol FileStore {
  /// Calls `body` with every file there is, in the order of the names.
  func list(_ body: (IncomingFile) throws -> Void) throws
  /// Puts a file out of the way that is done with, and its report where its owner finds it.
  func setAside(
    _ file: IncomingFile, _ report: RejectionReport, as outcome: FileOutcome
  ) throws -> FilePlace
}

/// What became of a file.
package enum FileOutcome: String, Sendable {
  /// All its records are in the topics.
  case taken
  /// They were there before.
  case known
  /// Too many of its records cannot be used, or it cannot be read to its end.
  case rejected
  /// It cannot be read at all, or is none of ours.
  case failed
  /// It was not taken, and shall be looked at again.
  case postponed
}

/// Where a file and its report are now.
package struct FilePlace: Sendable {
  /// nil for a file that stays where it was.
  package var moved: String?
  /// nil for none.
  package var report: String?

  package init(moved: String? = nil, report: String? = nil) {
    self.moved = moved
    self.report = report
  }
}

/// Why a store does not hand a file out. The file stays where it is.
package struct StoreRefusal: Error, Sendable, CustomStringConvertible {
  /// In a word, for metrics.
  package let reason: String
  /// In one line, for a person.
  package let description: String

  package init(_ reason: String, _ description: String) {
    self.reason = reason
    self.description = description
  }
}

/// A store that does not answer now and may answer later.
package struct StoreOutage: Error, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
