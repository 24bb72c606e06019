/// Where copies of live state lie: a folder for each task, which one holder has at a time.
package protocol CopyStore: Sendable {
  /// Takes a task's folder.
  ///
  /// - Returns: nil where another holder has it.
  func open(_ task: String) throws -> (any CopyFolder)?
}

/// The files of one task's copy. One thread uses it.
package protocol CopyFolder: AnyObject {
  /// Made up when the folder was taken, and left in it: another holder leaves another.
  var token: UInt64 { get }
  /// What the holder before left; nil where there is none.
  var formerToken: UInt64? { get }

  /// The names of all files, those of the store itself left out.
  func names() throws -> [String]
  /// Bytes of a file.
  func size(of name: String) throws -> Int
  /// A whole file.
  func read(_ name: String) throws -> [UInt8]
  /// Writes to the end of a file, which is made if need be. What is written before the machine loses power may be
  /// lost, in any order.
  func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws
  func truncate(_ name: String, to count: Int) throws
  /// Puts a whole file in the place of another, at once.
  func replace(_ name: String, with bytes: UnsafeRawBufferPointer) throws
  func remove(_ name: String) throws
  /// Lets go of the folder. Nothing else may be called afterwards.
  func close()
}

/// Why a copy is of no use.
enum CopyError: Error, CustomStringConvertible {
  /// Bytes are not what was written, or were written for another task.
  case damaged
  /// Files are missing, or older than the others.
  case incomplete
  /// Its last commit is not in the topic: that was made anew, or compacted long after.
  case otherHistory
  /// Writing takes so long that the task falls behind.
  case slow

  var description: String {
    switch self {
    case .damaged: "it is damaged, or of another task"
    case .incomplete: "files of it are missing"
    case .otherHistory: "the topic does not have its last commit (any more)"
    case .slow: "the disk is too slow"
    }
  }
}
