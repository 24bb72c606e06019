internal import Glibc

/// What a file holds, wherever it lies.
package protocol FileContent: AnyObject, Sendable {
  /// The bytes from the first on, as they lie there.
  func open() throws -> any ByteSource
  /// Where SQLite finds the file. Lasts as long as the content does.
  func localPath() throws -> String
  /// What the ledger knows the content by: no two contents share it, for years.
  func identity() throws -> String
  /// The identity, if it can be told without reading the content.
  var likelyIdentity: String? { get }
  /// What changes whenever the content does; nil when it is gone.
  var stamp: String? { get }
  /// Bytes, as they lie there.
  var size: Int64 { get }
  /// Why the content cannot be read, as far as that is seen without reading.
  var complaint: FileError? { get }
  /// Whether the next records may have to be waited for.
  var isShort: Bool { get }
  /// Waits until that is not so. Throws what reading would throw.
  func awaitBytes() throws
}

extension FileContent {
  package var likelyIdentity: String? { nil }
  package var complaint: FileError? { nil }
  package var isShort: Bool { false }
  package func awaitBytes() throws {}
}

/// The content of a file on this machine.
package final class LocalFile: FileContent {
  private let path: String

  package init(_ path: String) { self.path = path }

  package func open() throws -> any ByteSource { try FileBytes(path) }
  package func localPath() throws -> String { path }
  package func identity() throws -> String { try ContentHash(ofFile: path).text }
  package var stamp: String? { FileStamp(path)?.text }
  package var size: Int64 { FileStamp(path)?.size ?? 0 }

  package var complaint: FileError? {
    access(path, R_OK) == 0 ? nil : .system(path, "read")
  }
}
