import Foundation
import Testing

/// `--log-format` and `log_format`: log lines as text or as JSON.
@Suite struct LogFormatTests {
  @Test(arguments: [["--log-format", "json"], ["-s", "log_format=json"]])
  func everyLineOfALogCanBeOneObject(_ arguments: [String]) throws {
    let program = Program(environment: ["TRIBUTARY_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    let result = try program.run(arguments: ["run", "--log-level", "debug"] + arguments)
    #expect(result.status == 1)
    let lines = try Self.objects(result.errors)
    #expect(lines.count > 1)
    for line in lines {
      #expect(Set(line.keys) == ["time", "level", "message", "fields"])
      let time = try #require(line["time"] as? String)
      #expect(time.contains(#/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$/#), "\(time)")
    }
    // librdkafka's lines have a field, and the last line says why the program ended.
    #expect(lines.contains { ($0["fields"] as? [String: String])?["facility"] != nil })
    #expect(lines.last?["level"] as? String == "error")
    #expect((lines.last?["message"] as? String)?.contains("127.0.0.1:1") == true)
  }

  @Test func theFlagHoldsForErrorsOfTheConfigurationToo() throws {
    let result = try Program().run(
      "lag", "--log-format", "json", "-s", "lookback=soon")
    #expect(result.status == 2)
    let lines = try Self.objects(result.errors)
    #expect(lines.count == 1)
    #expect((lines.first?["message"] as? String)?.contains("lookback") == true)
  }

  @Test func theFlagWinsOverTheConfiguration() throws {
    let program = Program(environment: [
      "TRIBUTARY_BOOTSTRAP_SERVERS": "127.0.0.1:1", "TRIBUTARY_LOG_FORMAT": "json",
    ])
    let result = try program.run("run", "--log-format", "text")
    #expect(result.errors.hasPrefix("tributary: ") || result.errors.hasPrefix("20"))
  }

  @Test func anotherFormatIsRefused() throws {
    #expect(try Program().run("run", "--log-format", "xml").status == 2)
    #expect(try Program().run("config", "print", "-s", "log_format=xml").status == 2)
  }

  private static func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any], "\(line)")
    }
  }
}
