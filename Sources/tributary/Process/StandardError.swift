import Glibc

/// The one way to standard error: log lines, complaints, progress.
///
/// What cannot be written there is nothing: a full disk under the log must not end the processor.
enum StandardError {
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  static func write(_ bytes: UnsafeRawBufferPointer) {
    _ = Descriptor.write(bytes, to: STDERR_FILENO)
  }

  /// A line of the program itself, which is no log line.
  static func say(_ text: String) { write("tributary: \(text)\n") }
}
