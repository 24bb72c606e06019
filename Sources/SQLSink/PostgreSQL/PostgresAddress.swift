// Safety: what libpq lends is copied before it is given back, in the function that asked for it.

internal import CPostgreSQL
internal import Glibc

/// A connection string of libpq, with what it keeps secret.
struct PostgresAddress {
  let text: String
  private let secrets: [String]

  /// Throws when libpq cannot read it; says nothing of what it holds.
  init(_ text: String) throws(SQLError) {
    var reason: UnsafeMutablePointer<CChar>?
    // Its words quote parts of the text, which may be parts of a password.
    guard let options = PQconninfoParse(text, &reason) else {
      PQfreemem(reason)
      throw .unusableAddress(
        "cannot be read: write postgres://user@host:port/database?sslmode=verify-full, with "
          + "%XX for special characters in user and password")
    }
    defer { PQconninfoFree(options) }
    var secrets: [String] = []
    var host = ""
    var next = options
    while let keyword = next.pointee.keyword {
      if let value = next.pointee.val {
        switch String(cString: keyword) {
        case "password", "sslpassword": secrets.append(String(cString: value))
        case "host": host = String(cString: value)
        default: break
        }
      }
      next += 1
    }
    // The rest of a password whose own @ was not spelled %40.
    guard !host.contains("@") else {
      throw .unusableAddress("has two @: write %40 for one in the user or the password")
    }
    self.text = text
    self.secrets = secrets.filter { $0.utf8.count > 2 }
  }

  /// A message without the secrets.
  func redacted(_ message: String) -> String {
    secrets.reduce(message) { $0.replacing($1, with: "***") }
  }
}
