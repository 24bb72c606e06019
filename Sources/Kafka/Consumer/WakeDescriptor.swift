// Safety: `@unchecked Sendable` because its only state is a file descriptor that never changes
// between `init` and `deinit`; reading, writing and polling an eventfd are safe from any thread.

internal import CRdkafka
internal import Glibc

/// One eventfd that ends a wait: librdkafka writes to it when a queue stops being empty, and so does
/// anybody who calls `wake`.
final class WakeDescriptor: @unchecked Sendable {
  let fileDescriptor: Int32

  /// What librdkafka writes for one event: an eventfd takes exactly eight bytes.
  static let eventSize = 8

  init() {
    fileDescriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    precondition(fileDescriptor >= 0, "the process is out of file descriptors")
  }

  deinit {
    Glibc.close(fileDescriptor)
  }

  /// Ends the wait under way, or else the next one. Any thread.
  func wake() {
    var one: UInt64 = 1
    // A full counter already wakes, so a failed write loses nothing.
    _ = write(fileDescriptor, &one, Self.eventSize)
  }

  /// Blocks until somebody wakes it or the time is over, and forgets the wake-ups so far.
  func wait(timeoutMilliseconds: Int32) {
    var request = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&request, 1, max(0, timeoutMilliseconds)) > 0 else { return }
    var count: UInt64 = 0
    _ = read(fileDescriptor, &count, Self.eventSize)
  }
}
