import Foundation

/// What `bench` prints.
struct BenchmarkReport {
  var engine: EngineFigures?
  var cluster: ClusterFigures?

  var text: String {
    [engine?.text, cluster?.text].compactMap { $0 }.joined(separator: "\n\n")
  }

  var json: String {
    get throws {
      struct Document: Encodable {
        var engine: EngineFigures.Document?
        var cluster: ClusterFigures?
      }
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.sortedKeys]
      let document = Document(engine: engine?.document, cluster: cluster)
      return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
  }
}
