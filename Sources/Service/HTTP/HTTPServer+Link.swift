extension HTTPServer {
  /// Begins to listen; returns the address as a link.
  public func startAtLink() throws -> String {
    let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
    do { return "http://\(host):\(try start())\(settings.basePath)/" } catch {
      stop()
      throw ListenError("cannot listen at \(host):\(settings.port): \(error)")
    }
  }
}

/// An address that cannot be listened at, in one line.
public struct ListenError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
