// Safety: the bytes are lent to a closure that cannot keep them: its result is all that leaves.

import Attribution

extension String {
  /// Lends this text's UTF-8 to `body`, for the length of the call.
  package func withBorrowedBytes<Result>(_ body: (BorrowedBytes) throws -> Result) rethrows
    -> Result
  {
    var text = self
    return try text.withUTF8 { try body(BorrowedBytes(UnsafeRawBufferPointer($0))) }
  }
}
