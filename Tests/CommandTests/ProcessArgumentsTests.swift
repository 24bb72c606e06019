import Testing

@testable import tributary

/// Passwords among the arguments of the program.
@Suite struct ProcessArgumentsTests {
  @Test(arguments: [
    ("postgres://me:pass@host:5432/db", "postgres://me:xxxx@host:5432/db"),
    ("postgres://me:p@ss@host/db?a=b:c@d", "postgres://me:xxxx@host/db?a=b:c@d"),
    ("postgres://me@host:5432/a:b@c", "postgres://me@host:5432/a:b@c"),
    (
      "postgres://host/db?password=secret&sslmode=require",
      "postgres://host/db?password=xxxxxx&sslmode=require"
    ),
    ("sasl.password=a=b", "sasl.password=xxx"),
    ("https://u:p@h,https://u:q@i/", "https://u:x@h,https://u:x@i/"),
    ("--day", "--day"), ("", ""), ("://", "://"), ("é://u:é@h", "é://u:xx@h"),
  ])
  func areNotShown(argument: String, shown: String) {
    var bytes = Array(argument.utf8)
    for range in ProcessArguments.secrets(in: bytes) {
      for place in range { bytes[place] = UInt8(ascii: "x") }
    }
    #expect(String(decoding: bytes, as: UTF8.self) == shown)
  }
}
