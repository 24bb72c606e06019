import Cluster
import Foundation

/// Where histories are kept.
public enum HistoryFolder {
  /// Folders in which a history may be kept if none is named, the best first: what systemd made for the service, or the
  /// user's folder for such files.
  ///
  /// - Parameter environment: variables of the process.
  public static func candidates(_ environment: [String: String]) -> [String] {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    // systemd separates several by colons.
    let service = value("STATE_DIRECTORY").map { String($0.split(separator: ":")[0]) }
    let user =
      value("XDG_STATE_HOME").map { $0 + "/tributary" }
      ?? value("HOME").map { $0 + "/.local/state/tributary" }
    return [service, user, "/var/lib/tributary"].compactMap { $0 }
  }

  /// Makes the folder if there is none. Throws what keeps it from being used, as one line.
  static func prepare(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch let error as CocoaError {
      let cause = error.underlying as? POSIXError
      throw OperatorError(
        "\(path): \(cause.map { String(cString: strerror($0.code.rawValue)) } ?? "cannot be made")")
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw OperatorError("\(path): \(String(cString: strerror(errno)))")
    }
  }
}
