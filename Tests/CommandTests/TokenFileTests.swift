import Foundation
import Service
import Testing

@testable import tributary

@Suite("Files of tokens")
struct TokenFileTests {
  private static let variable = "TRIBUTARY_HTTP_TOKEN"

  private func tokens(_ text: String, environment: [String: String] = [:]) throws -> [AccessToken] {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("tokens").path
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return try TokenFile.tokens(file: file, variable: Self.variable, environment: environment)
  }

  @Test func aTokenALineWithItsNameOrOneWithout() throws {
    #expect(try tokens("0123456789abcdef\n").map(\.name) == ["token"])
    let several = try tokens("# Who:\n\n grafana  0123456789abcdef \r\nmarketing\tfedcba9876543210")
    #expect(several.map(\.name) == ["grafana", "marketing"])
    #expect(several.map(\.length) == [16, 16])
  }

  @Test(arguments: [
    ("", "holds no token"), ("# 0123456789abcdef\n", "holds no token"),
    ("short\n", ":1: the token is shorter than 16 bytes"),
    ("a 0123456789abcdef\nb short", ":2: the token is shorter"),
    ("a b 0123456789abcdef", ":1: more than a name and a token"),
    ("0123456789abcdef\nfedcba9876543210", ":2: there are two tokens named token"),
  ])
  func whatIsNoListIsRefusedInOneLine(_ text: String, _ problem: String) throws {
    let error = #expect(throws: Failure.self) { try tokens(text) }
    #expect("\(error!)".contains(problem))
    #expect(!"\(error!)".contains("0123456789"))
  }

  @Test func theEnvironmentHoldsOneOrNamesAFile() throws {
    func tokens(_ environment: [String: String]) throws -> [AccessToken] {
      try TokenFile.tokens(file: nil, variable: Self.variable, environment: environment)
    }
    #expect(try tokens([:]).isEmpty)
    #expect(try tokens([Self.variable: " 0123456789abcdef\n"]).map(\.length) == [16])
    #expect(throws: Failure.self) { try tokens([Self.variable: ""]) }
    #expect(throws: Failure.self) { try tokens([Self.variable + "_FILE": "/nonexistent"]) }
  }
}
