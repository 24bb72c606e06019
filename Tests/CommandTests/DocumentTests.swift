import Attribution
import Codec
import Configuration
import Foundation
import Testing

/// What the README and the container files say is what the program does.
@Suite struct DocumentTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test func theSettingsTableIsTheProgramsOwn() throws {
    let page = try DocumentTests.text("docs/reference/configuration.md")
    let table = Configuration.markdownTable()
    #expect(page.contains(table), "put this into docs/reference/configuration.md:\n\(table)")
  }

  @Test func theQuickStartWorksInItsOrder() throws {
    let cluster = try Cluster(partitions: 2)
    let blocks = try DocumentTests.text("README.md").components(separatedBy: "```sh\n").map {
      $0.components(separatedBy: "```")[0]
    }
    let block = try #require(blocks.first { $0.contains("tributary topics create") })
    var commands: [String] = []
    for line in block.split(separator: "\n") where line.hasPrefix("tributary ") {
      let words = line.split(separator: "#")[0].split(separator: " ").dropFirst().map(String.init)
      // It goes on until it is ended.
      if words[0] == "serve" { continue }
      let result = try cluster.program.run(arguments: words, timeout: 120)
      #expect(result.status == 0, "\(line): \(result.errors)")
      commands.append(words[0])
    }
    #expect(commands == ["topics", "generate", "run", "report", "verify"])
  }

  @Test func theReadmeIsShort() throws {
    #expect(
      try DocumentTests.text("README.md").split(separator: "\n", omittingEmptySubsequences: false)
        .count <= 201)
  }

  @Test func everyLinkLeadsSomewhere() throws {
    var count = 0
    for page in try DocumentTests.pages() {
      let folder = DocumentTests.root.appendingPathComponent(page).deletingLastPathComponent()
      for match in try DocumentTests.text(page).matches(of: #/\]\(([^)#\s]+)(?:#([^)\s]+))?\)/#) {
        let target = String(match.output.1)
        if target.contains("://") { continue }
        count += 1
        let file = folder.appendingPathComponent(target).standardizedFileURL
        guard FileManager.default.fileExists(atPath: file.path) else {
          Issue.record("\(page) links to \(target), which does not exist")
          continue
        }
        guard let anchor = match.output.2 else { continue }
        let headings = try String(contentsOf: file, encoding: .utf8)
          .split(separator: "\n").filter { $0.hasPrefix("#") }.map { anchorOf($0) }
        #expect(headings.contains(String(anchor)), "\(page) links to \(target)#\(anchor)")
      }
    }
    #expect(count > 50)
  }

  /// The anchor that a heading gets: lower case, blanks as hyphens, without punctuation.
  private func anchorOf(_ heading: Substring) -> String {
    let text = heading.drop { $0 == "#" || $0 == " " }.lowercased()
    return String(
      text.compactMap { character -> Character? in
        if character == " " { return "-" }
        return character.isLetter || character.isNumber || character == "-" || character == "_"
          ? character : nil
      })
  }

  /// All Markdown pages, by their paths from the root.
  private static func pages() throws -> [String] {
    var pages = ["README.md", "CONTRIBUTING.md"]
    for folder in ["docs", "Deploy"] {
      let files = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
      for case let path as String in files ?? .init() where path.hasSuffix(".md") {
        pages.append("\(folder)/\(path)")
      }
    }
    return pages
  }

  @Test func theInputExamplesAreAccepted() throws {
    let kinds: [String: EventKind] = ["k-9": .click, "v-1": .conversion, "x-1": .cost]
    let lines = try DocumentTests.lines(
      startingWith: #"{"event_id""#, in: "README.md", "docs/guides/events.md")
    #expect(lines.count >= 6)
    for line in lines {
      let kind = try #require(kinds.first { line.contains("\"\($0.key)\"") }?.value)
      var decoder = EventDecoder(kind: kind, currency: "EUR", maxFutureSkew: 0)
      var event = Event(kind: kind, time: 0, eventID: .empty, userID: .empty)
      let rejection = Array(line.utf8).withUnsafeBytes {
        decoder.decode($0, recordTimestamp: -1, into: &event)
      }
      #expect(rejection == nil, "\(line)")
    }
  }

  @Test func theOutputExamplesAreWhatTheProgramWrites() throws {
    var definitions = Definitions()
    definitions.models = [.lastTouch, .linear]
    let rollup = try #require(
      try DocumentTests.lines(startingWith: #"{"view""#, in: "README.md").first)
    let codec = RollupCodec(definitions: definitions)
    var written: [UInt8] = []
    codec.encode(try codec.decode(Array(rollup.utf8)), into: &written)
    #expect(String(decoding: written, as: UTF8.self) == rollup)
    let attribution = try #require(
      try DocumentTests.lines(startingWith: #"{"conversion_id""#, in: "README.md").first)
    let decoded = try AttributionCodec.decode(Array(attribution.utf8))
    #expect(decoded.credits == ["last_touch": [1_000_000]])
    #expect(decoded.touches.map(\.eventID) == ["k-9"])
  }

  @Test func everyCommandAndFlagOfTheContainerFilesExists() throws {
    let compose = try DocumentTests.text("docker-compose.yml")
    for (command, flags) in [
      (["run"], ["-c", "--http", "--token-file"]),
      (["serve"], ["-c", "--host", "--token-file"]),
      (["sink"], ["-c", "--to"]),
      (["health"], ["--ready", "--http"]),
      (["topics", "create"], ["-c", "--partitions", "--replication-factor"]),
      (
        ["generate"],
        ["-c", "--events", "--rate", "--duplicates", "--disorder", "--late", "--malformed"]
      ),
    ] {
      let help = try Program().run(arguments: command + ["--help"])
      #expect(help.status == 0)
      for flag in flags {
        #expect(help.output.contains(flag), "\(command) \(flag)")
        #expect(compose.contains(flag))
      }
    }
    // No flag stands there that this test does not know.
    let known: Set<String> = [
      "--partitions", "--replication-factor", "--events", "--rate", "--duplicates", "--disorder",
      "--late", "--malformed", "--build", "--profile", "--bootstrap-server", "--host", "--http",
      "--to", "--token-file", "--ready",
    ]
    for match in compose.matches(of: #/--[a-z][a-z-]+/#) {
      #expect(known.contains(String(match.output)), "\(match.output)")
    }
    let dockerfile = try DocumentTests.text("Deploy/Dockerfile")
    #expect(dockerfile.contains(#"CMD ["run", "--http", "0.0.0.0:9090"]"#))
    #expect(dockerfile.contains(#"CMD ["tributary", "health"]"#))
  }

  @Test(arguments: try DocumentTests.pages())
  func everyCommandOfTheDocumentsExists(_ page: String) throws {
    let readme = try DocumentTests.text(page)
    for match in readme.matches(of: #/\n\| `([a-z]+)` \| /#) {
      let help = try Program().run("\(match.output.1)", "--help")
      #expect(help.status == 0, "\(match.output.1)")
    }
    for match in readme.matches(of: #/\ntributary ([a-z ]+)((?: --[a-z-]+(?: [0-9.]+)?)*)/#) {
      let command = match.output.1.split(separator: " ").map(String.init)
      let help = try Program().run(arguments: command + ["--help"])
      #expect(help.status == 0, "\(command)")
      for flag in match.output.2.matches(of: #/--[a-z-]+/#) {
        #expect(help.output.contains(flag.output), "\(command) \(flag.output)")
      }
    }
  }

  @Test func everyAlertIsExplainedAndAsksForMetricsThatThereAre() throws {
    let rules = try DocumentTests.text("Deploy/prometheus/alerts.yaml")
    let manual = try DocumentTests.text("docs/operating/monitoring.md")
    let alerts = rules.matches(of: #/- alert: (\w+)/#).map { String($0.output.1) }
    #expect(alerts.count > 10)
    for alert in alerts { #expect(manual.contains("\n| `\(alert)` | "), "\(alert)") }
    for match in rules.matches(of: #/tributary_\w+/#) {
      let metric = match.output.replacing(#/_bucket$/#, with: "")
      #expect(manual.contains("| `\(metric)`"), "\(metric)")
    }
  }

  private static func lines(
    startingWith prefix: String, in pages: String...
  ) throws -> [String] {
    try pages.flatMap {
      try text($0).split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }
  }
}
