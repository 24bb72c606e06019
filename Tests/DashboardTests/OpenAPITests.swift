import Foundation
import TestServers
import Testing

/// The description of the API promises neither more nor less than the server takes.
@Suite("The description of the API", .serialized)
struct OpenAPITests {
  private struct Parameter {
    var path: String
    var name: String
    var schema: [String: Any]
  }

  private func parameters(_ server: TestServer) throws -> [Parameter] {
    let paths = try #require(server.get("/openapi.json").json["paths"] as? [String: Any])
    return paths.flatMap { path, item -> [Parameter] in
      let get = (item as? [String: Any])?["get"] as? [String: Any]
      return (get?["parameters"] as? [[String: Any]] ?? []).compactMap { parameter in
        guard parameter["in"] as? String == "query", let name = parameter["name"] as? String,
          let schema = parameter["schema"] as? [String: Any]
        else { return nil }
        return Parameter(path: path, name: name, schema: schema)
      }
    }
  }

  @Test("Numbers are taken from the least to the greatest that it names, and not beyond")
  func bounds() throws {
    let server = try TestServer()
    server.fill()
    var count = 0
    for parameter in try parameters(server) where parameter.schema["type"] as? String == "integer" {
      let least = try #require(parameter.schema["minimum"] as? Int, "\(parameter)")
      let greatest = try #require(parameter.schema["maximum"] as? Int, "\(parameter)")
      for (value, status) in [(least, 200), (greatest, 200), (least - 1, 400), (greatest + 1, 400)]
      {
        let answer = server.get("\(parameter.path)?\(parameter.name)=\(value)")
        #expect(answer.status == status, "\(parameter.path) \(parameter.name)=\(value)")
        count += 1
      }
    }
    #expect(count >= 12)
  }

  @Test(
    "Texts that its patterns and lengths leave out are refused, and those that the server takes fit"
  )
  func patterns() throws {
    let server = try TestServer()
    server.fill()
    let taken: [String: [String]] = [
      "from": ["2026-01-05", "2026-01-05T11:00:00Z", "2026-01-05T11:05:00.000+00:00"],
      "to": ["2026-01-06", "2026-01-05T12:00:00Z"],
      "where": ["campaign_id=", "campaign_id=c-1", "campaign_id=a=b"],
    ]
    let refused: [String: [String]] = [
      "from": ["", "yesterday", "2026-01-05T11:00", "1"], "to": ["", "2026-1-5", "T"],
      "where": ["", "=", "=c-1", "campaign_id"], "view": [""], "timezone": [""],
    ]
    var count = 0
    for parameter in try parameters(server) {
      let pattern = try (parameter.schema["pattern"] as? String).map { try Regex($0) }
      func fits(_ text: String) -> Bool {
        text.count >= parameter.schema["minLength"] as? Int ?? 0
          && pattern.map { text.firstMatch(of: $0) != nil } ?? true
      }
      func status(_ text: String) throws -> Int {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._")
        let escaped = try #require(text.addingPercentEncoding(withAllowedCharacters: allowed))
        return server.get("\(parameter.path)?\(parameter.name)=\(escaped)").status
      }
      for text in taken[parameter.name] ?? [] {
        let code = try status(text)
        #expect(fits(text) && code == 200, "\(parameter.path) \(parameter.name)=\(text)")
        count += 1
      }
      for text in refused[parameter.name] ?? [] {
        let code = try status(text)
        #expect(!fits(text) && code == 400, "\(parameter.path) \(parameter.name)=\(text)")
        count += 1
      }
    }
    #expect(count > 20)
  }
}
