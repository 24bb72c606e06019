import Foundation

/// A tool that could not do its work.
package struct ToolFailure: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}

/// Runs a program that is on the path; gives back its output.
///
/// - Parameter environment: added to that of the tests.
package func runTool(
  _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
) throws -> String {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "tool-\(UUID())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  func file(_ name: String, _ text: String = "") throws -> URL {
    let url = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: url)
    return url
  }
  let output = try file("output")
  let errors = try file("errors")
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  process.standardInput = try FileHandle(forReadingFrom: try file("input", input))
  process.standardOutput = try FileHandle(forWritingTo: output)
  process.standardError = try FileHandle(forWritingTo: errors)
  try process.run()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw ToolFailure(
      description: "\(program): \(String(decoding: try Data(contentsOf: errors), as: UTF8.self))")
  }
  return String(decoding: try Data(contentsOf: output), as: UTF8.self)
}
