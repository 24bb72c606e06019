import Foundation
import Testing

@testable import Configuration

@Suite("The files in the repository that configure Tributary")
struct DeploymentFiles {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test("Deploy/tributary.yaml names every setting, and says what the defaults say")
  func sampleIsTheDefaults() throws {
    let file = Self.root.appendingPathComponent("Deploy/tributary.yaml").path
    #expect(try Configuration.load(file: file, environment: [:]) == Configuration())
    let text = try String(contentsOfFile: file, encoding: .utf8)
    for setting in Setting.all {
      let key = setting.path.split(separator: ".").last ?? ""
      let pattern = try Regex("(^|\\n) *\(key):")
      #expect(text.contains(pattern), "\(setting.path)")
    }
  }

  @Test(
    "The variables that the containers set are settings, with values that can be used",
    arguments: ["docker-compose.yml", "Deploy/Dockerfile"])
  func variablesExist(file: String) throws {
    let text = try String(
      contentsOf: Self.root.appendingPathComponent(file), encoding: .utf8)
    var environment: [String: String] = [:]
    for match in text.matches(of: /(TRIBUTARY_[A-Z_]+)(?:: |=)(\S+)/) {
      environment[String(match.1)] = String(match.2)
    }
    if file == "docker-compose.yml" { #expect(!environment.isEmpty) }
    #expect(throws: Never.self) {
      try Configuration.load(file: nil, environment: environment)
    }
  }

  private struct Lock: Decodable {
    struct Pin: Decodable {
      struct State: Decodable {
        var revision: String
        var version: String
      }
      var identity: String
      var location: String
      var state: State
    }
    var pins: [Pin]
  }

  @Test("The lock has every dependency of Package.swift in its exact version, and a commit of each")
  func lockIsThePackages() throws {
    func text(_ path: String) throws -> String {
      try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }
    let lock = try JSONDecoder().decode(
      Lock.self, from: Data(try text("Deploy/dependencies.lock.json").utf8))
    var locked: [String: String] = [:]
    for pin in lock.pins {
      locked[pin.location.replacing(/\.git$/, with: "")] = pin.state.version
      #expect(try /[0-9a-f]{40}/.wholeMatch(in: pin.state.revision) != nil, "\(pin.identity)")
    }
    let package = try text("Package.swift")
    let wanted = package.matches(of: /\.package\(url: "([^"]+)", exact: "([^"]+)"\)/)
    #expect(wanted.count == package.matches(of: /\.package\(url:/).count)
    for match in wanted {
      #expect(locked[String(match.1)] == String(match.2), "\(match.1)")
    }
    let dockerfile = try text("Deploy/Dockerfile")
    #expect(dockerfile.contains("COPY Deploy/dependencies.lock.json ./Package.resolved"))
    for line in dockerfile.replacing("\\\n", with: " ").split(separator: "\n")
    where line.contains(/^RUN swift (build|package resolve)/) {
      #expect(line.contains("--only-use-versions-from-resolved-file"), "\(line)")
    }
    #expect(try text("scripts/test").contains("--only-use-versions-from-resolved-file"))
  }
}
