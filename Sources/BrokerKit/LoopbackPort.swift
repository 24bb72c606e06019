import Glibc

/// Ports of 127.0.0.1.
enum LoopbackPort {
  private static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func withSocket<Value>(
    to port: UInt16, _ body: (Int32, UnsafeMutablePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return withAddress(of: port) { body(descriptor, $0, $1) }
  }

  private static func withAddress<Value>(
    of port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    var address = address(port: port)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// A port nobody listens on at this moment.
  static func free() throws(LocalBroker.Unavailable) -> UInt16 {
    let port = withSocket(to: 0) { descriptor, address, size -> UInt16 in
      var size = size
      guard bind(descriptor, address, size) == 0, getsockname(descriptor, address, &size) == 0
      else { return 0 }
      return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        UInt16(bigEndian: $0.pointee.sin_port)
      }
    }
    guard port != 0 else {
      throw LocalBroker.Unavailable(description: "no free port: errno \(errno)")
    }
    return port
  }

  /// A socket that listens on a port of 127.0.0.1; nil takes a free one.
  static func listen(on port: UInt16?) throws(LocalBroker.Unavailable) -> (
    descriptor: Int32, port: UInt16
  ) {
    let port = if let port { port } else { try free() }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // A port whose last connections have just ended is free.
    var isReused: Int32 = 1
    setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let isListening = withAddress(of: port) { address, size in
      bind(descriptor, address, size) == 0 && Glibc.listen(descriptor, 128) == 0
    }
    guard isListening else {
      close(descriptor)
      throw LocalBroker.Unavailable(description: "cannot listen on port \(port): errno \(errno)")
    }
    return (descriptor, port)
  }

  /// A connection to a port of 127.0.0.1; nil when nobody listens there.
  static func connect(to port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    if withAddress(of: port, { Glibc.connect(descriptor, $0, $1) == 0 }) { return descriptor }
    close(descriptor)
    return nil
  }

  static func isFree(_ port: UInt16) -> Bool {
    withSocket(to: port) { Glibc.connect($0, $1, $2) != 0 }
  }
}
