import Codec

/// One record of a file, as the input topic would hold it. Its bytes are lent for one call.
struct FileRecord {
  /// JSON, or what stands in the file where no JSON can be made of it.
  let bytes: UnsafeRawBufferPointer
  /// The line where it begins, or the number of the row; from 1.
  let line: Int
  /// What the file's format or the mapping finds wrong with it.
  var complaint: Complaint?
  /// Whether it is for no entry of `inputs`, and goes nowhere.
  var isFiltered = false
}

/// The records of a file, one after another, in bounded memory.
protocol RecordSource: AnyObject {
  /// Lends the next record; returns false at the end. Throws `FileError` when the rest of the file
  /// cannot be read.
  func next(_ body: (FileRecord) throws -> Void) throws -> Bool
  /// Bytes of the file read so far, as they lie on the disk.
  var consumed: Int64 { get }
  /// Something about the file that its owner should know, once it has been read.
  var warning: String? { get }
}

extension RecordSource {
  var warning: String? { nil }
}

/// Sizes that bound what a source holds.
enum RecordLimit {
  /// As much of a longer record as shows that it is too long.
  static let kept = EventDecoder.maximumRecordSize + 1
  /// What is read from a file at once.
  static let chunk = 64 << 10
}
