import Glibc

/// Descriptors 0 to 2, which a caller may have closed.
enum StandardStreams {
  /// Takes those that are closed, before a socket or file gets their number and what is meant for people is written
  /// into it. Nothing can be written to them: for data that is an error, as it should be.
  static func reserve() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest number that is free: this one.
      _ = open("/dev/null", O_RDONLY)
    }
  }
}
