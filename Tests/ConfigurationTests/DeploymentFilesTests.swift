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
}
