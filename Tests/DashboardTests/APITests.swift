// Safety: buffers are lent to socket calls for their length only.

import Attribution
import Codec
import Foundation
import Reporting
import TestServers
import Testing

@testable import Dashboard
@testable import Service

@Suite("The API", .serialized)
struct APITests {
  private static var document: [String: Any] {
    let bytes = Data(PackageResources.openapi_json)
    return (try? JSONSerialization.jsonObject(with: bytes)) as? [String: Any] ?? [:]
  }

  @Test("Every documented resource answers as its document says, with no other field")
  func document() throws {
    let server = try TestServer()
    server.fill()
    let paths = try #require(Self.document["paths"] as? [String: [String: Any]])
    #expect(paths.count == 12)
    for (path, operations) in paths where path != "/api/events" {
      let operation = try #require(operations["get"] as? [String: Any])
      let parameters = operation["parameters"] as? [[String: Any]] ?? []
      var targets = [path.replacing("{id}", with: "v%2F1%20%C3%BC")]
      for parameter in parameters where parameter["in"] as? String == "query" {
        targets.append("\(path)?\(try example(parameter))")
      }
      for target in targets {
        let answer = server.get(target)
        #expect(answer.status == 200, "\(target): \(answer.body)")
        try check(answer, operation, target)
      }
      let responses = try #require(operation["responses"] as? [String: Any])
      if responses["400"] != nil {
        let answer = server.get("\(path)?nonsense=1")
        #expect(answer.status == 400)
        try check(answer, operation, path)
      }
      if responses["404"] != nil {
        let answer = server.get(path.replacing("{id}", with: "unknown"))
        #expect(answer.status == 404)
        try check(answer, operation, path)
      }
    }
  }

  @Test("An empty board answers, too")
  func empty() throws {
    let server = try TestServer()
    let paths = try #require(Self.document["paths"] as? [String: [String: Any]])
    for path in ["/api/summary", "/api/rollups"] {
      let answer = server.get(path)
      #expect(answer.status == 200)
      try check(answer, try #require(paths[path]?["get"] as? [String: Any]), path)
    }
  }

  @Test("Sums, ratios, corrections and finality are those of the board")
  func numbers() throws {
    let server = try TestServer()
    server.fill()
    let summary = server.get("/api/summary?timezone=Europe/Berlin").json
    let total = try #require(summary["total"] as? [String: Any])
    // 1 + 2 + … + 12, and 2 + 3 + … + 13, and the correction's 5.
    #expect(total["clicks"] as? Int == 78 + 90 + 5)
    #expect((total["before"] as? [String: Any])?["clicks"] as? Int == 78 + 90)
    #expect(total["ctr"] as? String == "0.333333")
    #expect(total["spend"] as? String == "57.666609")
    #expect(total["users"] is NSNull)
    #expect(summary["open_windows"] as? Int == 2)
    let corrections = try #require(summary["corrections"] as? [[String: Any]])
    #expect(corrections.map { $0["local"] as? String } == ["2026-01-05T12:00:00+01:00"])
    let status = try #require(summary["status"] as? [String: Any])
    #expect(status["data_through"] as? String == "2026-01-05T11:55:00.000Z")
    #expect(status["behind_ms"] as? Int == 340_000)

    let hours = server.get("/api/rollups?unit=window&by=none&models=linear&last=1800").json
    let spans = try #require(hours["spans"] as? [[String: Any]])
    #expect(spans.map { $0["final"] as? Bool } == [true, true, true, true, false, false])
    let filtered = server.get("/api/rollups?filter=%C3%A9t%C3%A9&sort=clicks").json
    #expect(filtered["row_count"] as? Int == 1)
    let channel = server.get("/api/rollups?view=channel_5m").json
    let row = try #require((channel["rows"] as? [[String: Any]])?.first)
    #expect(row["ctr"] is NSNull, "no impressions: nothing to divide by")
  }

  @Test("Conditions leave only what has the values, in sums, rows and corrections")
  func conditions() throws {
    let server = try TestServer()
    server.fill()
    let one = "where=campaign_id=c-1"
    let other = "where=campaign%3Dc-2%20%C3%89t%C3%A9"
    func clicks(_ query: String) -> Int? {
      (server.get("/api/summary?\(query)").json["total"] as? [String: Any])?["clicks"] as? Int
    }
    #expect(clicks(one) == 78 + 5)
    #expect(clicks(other) == 90)
    #expect(clicks("\(one)&\(other)") == 78 + 5 + 90)
    let rows = server.get("/api/rollups?\(other)").json
    #expect(rows["row_count"] as? Int == 1)
    #expect(rows["where"] as? [String] == ["campaign_id=c-2 Été"])
    let corrections = [one, other].map {
      (server.get("/api/summary?\($0)").json["corrections"] as? [Any])?.count
    }
    #expect(corrections == [1, 0])
  }

  @Test("What cannot be answered is said in one sentence")
  func errors() throws {
    let server = try TestServer()
    server.fill()
    for query in [
      "view=x", "timezone=Nowhere", "from=yesterday", "to=2026-13-01", "last=0", "last=x",
      "from=2026-01-06&to=2026-01-05", "unit=year", "by=channel", "models=best", "sort=luck",
      "limit=0", "limit=99999999", "where=campaign_id", "where=channel=email",
      "from=0001-01-01&to=9999-01-01&unit=window",
      // In the middle of a window; the clocks of Berlin were 53 min 28 s ahead then.
      "from=2026-01-05T11:01:00Z", "to=2026-01-05T11:59:59Z",
      "from=1890-01-01&timezone=Europe/Berlin",
    ] {
      let answer = server.get("/api/rollups?\(query)")
      #expect(answer.status == 400, "\(query): \(answer.body)")
      #expect((answer.json["error"] as? String)?.isEmpty == false)
    }
  }

  @Test("Listeners are told the state at once, and then when it changes")
  func events() throws {
    let server = try TestServer()
    let descriptor = server.connect()
    defer { close(descriptor) }
    let request = Array("GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
    _ = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
    for _ in 0..<100 where server.hub.listenerCount == 0 { usleep(20_000) }
    server.hub.publish("status", Array("{\"news\":1}".utf8))
    server.hub.closeAll()
    let answer = TestServer.read(descriptor)
    #expect(answer.headers.contains("text/event-stream"))
    #expect(answer.body.contains("\"rollups\":0"))
    #expect(answer.body.contains("event: status\ndata: {\"news\":1}\n\n"))
  }

  @Test("Metrics are in Prometheus' format, with every label escaped")
  func metrics() throws {
    let metrics = Metrics()
    metrics.define("a_total", .counter, help: "As.")
    metrics.define("b_seconds", .histogram, help: "Bs.", bounds: [0.1, 1])
    metrics.add(2, to: "a_total", ["name": "x\"\\\ny"])
    for value in [0.05, 0.1, 0.5, 7] { metrics.observe(value, in: "b_seconds") }
    #expect(
      metrics.text == """
        # HELP a_total As.
        # TYPE a_total counter
        a_total{name="x\\"\\\\\\ny"} 2
        # HELP b_seconds Bs.
        # TYPE b_seconds histogram
        b_seconds_bucket{le="0.1"} 2
        b_seconds_bucket{le="1"} 3
        b_seconds_bucket{le="+Inf"} 4
        b_seconds_sum 7.65
        b_seconds_count 4

        """)
  }

  @Test("The last so many seconds begin no earlier than there is anything")
  func beginning() throws {
    let server = try TestServer()
    server.fill()
    for (last, from) in [("1800", "2026-01-05T11:30:00Z"), ("86400", "2026-01-05T11:00:00Z")] {
      let summary = server.get("/api/summary?last=\(last)").json
      #expect(summary["from"] as? String == from)
      #expect(summary["to"] as? String == "2026-01-05T12:00:00Z")
    }
  }

  @Test("A histogram that is counted elsewhere and gauges that go are told as they are now")
  func setMetrics() {
    let metrics = Metrics()
    metrics.define("a", .gauge, help: "As.")
    metrics.define("b_seconds", .histogram, help: "Bs.", bounds: [0.1, 1])
    metrics.set("a", ["partition": "1"], to: 2)
    for _ in 0..<2 { metrics.set("b_seconds", ["stage": "x"], counts: [1, 0, 2], sum: 9.5) }
    metrics.clear("a")
    #expect(
      metrics.text == """
        # HELP a As.
        # TYPE a gauge
        # HELP b_seconds Bs.
        # TYPE b_seconds histogram
        b_seconds_bucket{le="0.1",stage="x"} 1
        b_seconds_bucket{le="1",stage="x"} 1
        b_seconds_bucket{le="+Inf",stage="x"} 3
        b_seconds_sum{stage="x"} 9.5
        b_seconds_count{stage="x"} 3

        """)
  }

  // MARK: Checking against the document

  private func example(_ parameter: [String: Any]) throws -> String {
    let name = try #require(parameter["name"] as? String)
    let schema = try #require(parameter["schema"] as? [String: Any])
    if let choices = schema["enum"] as? [String] { return "\(name)=\(choices[0])" }
    let examples = [
      "view": "channel_5m", "timezone": "Europe/Berlin", "from": "2026-01-05",
      "to": "2026-01-05T12:00:00Z", "last": "3600", "models": "linear", "by": "none",
      "filter": "c-1", "limit": "1", "where": "campaign_id=c-1",
    ]
    return "\(name)=\(try #require(examples[name], "no example of \(name)"))"
  }

  private func check(
    _ answer: TestServer.Answer, _ operation: [String: Any], _ target: String
  ) throws {
    let responses = try #require(operation["responses"] as? [String: [String: Any]])
    let response = try #require(responses["\(answer.status)"], "\(target) \(answer.status)")
    let content = try #require(response["content"] as? [String: [String: Any]])
    let kind = try #require(content.keys.first)
    #expect(answer.headers.contains("content-type: \(kind)"), "\(target)")
    guard kind == "application/json" else { return }
    let value = try JSONSerialization.jsonObject(with: Data(answer.body.utf8))
    let schema = try #require(content[kind]?["schema"] as? [String: Any])
    for problem in SchemaCheck(Self.document).problems(value, schema, at: target) {
      Issue.record("\(problem)")
    }
  }
}

/// The part of JSON Schema that the document uses.
struct SchemaCheck {
  private let document: [String: Any]

  init(_ document: [String: Any]) { self.document = document }

  func problems(_ value: Any, _ schema: [String: Any], at place: String) -> [String] {
    if let reference = schema["$ref"] as? String {
      return problems(value, resolved(reference), at: place)
    }
    if let choices = schema["oneOf"] as? [[String: Any]] {
      let tried = choices.map { problems(value, $0, at: place) }
      return tried.contains { $0.isEmpty } ? [] : tried.flatMap { $0 }
    }
    let types = (schema["type"] as? [String]) ?? [schema["type"] as? String ?? ""]
    guard types.contains(type(of: value)) else { return ["\(place): \(value) is not \(types)"] }
    var found: [String] = []
    if let text = value as? String, let pattern = schema["pattern"] as? String,
      text.range(of: pattern, options: .regularExpression) == nil
    {
      found.append("\(place): \(text) is not like \(pattern)")
    }
    if let list = value as? [Any], let items = schema["items"] as? [String: Any] {
      found += list.enumerated().flatMap { problems($1, items, at: "\(place)[\($0)]") }
    }
    if let object = value as? [String: Any] { found += problems(of: object, schema, at: place) }
    return found
  }

  private func problems(
    of object: [String: Any], _ schema: [String: Any], at place: String
  ) -> [String] {
    let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
    var found = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }
      .map { "\(place) lacks \($0)" }
    for (name, value) in object {
      if let property = properties[name] ?? schema["additionalProperties"] as? [String: Any] {
        found += problems(value, property, at: "\(place).\(name)")
      } else {
        found.append("\(place).\(name) is not documented")
      }
    }
    return found
  }

  private func resolved(_ reference: String) -> [String: Any] {
    reference.split(separator: "/").dropFirst().reduce(document as Any) { value, key in
      (value as? [String: Any])?[String(key)] ?? [:]
    } as? [String: Any] ?? [:]
  }

  private func type(of value: Any) -> String {
    switch value {
    case is NSNull: "null"
    case is String: "string"
    case is [Any]: "array"
    case is [String: Any]: "object"
    case let number as NSNumber:
      isBoolean(number) ? "boolean" : "integer"
    default: "unknown"
    }
  }

  /// Foundation reads true and false as numbers of one byte.
  private func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
