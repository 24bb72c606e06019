import Foundation

/// What `bench` prints.
struct BenchmarkReport {
  var engine: EngineFigures?
  var lookback: LookbackFigures?
  var cluster: ClusterFigures?

  var text: String {
    [engine?.text, lookback?.text, cluster?.text].compactMap { $0 }.joined(separator: "\n\n")
  }

  var json: String {
    get throws {
      struct Document: Encodable {
        var engine: EngineFigures.Document?
        var lookback: [LookbackFigures.Line]?
        var cluster: ClusterFigures?
      }
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.sortedKeys]
      let document = Document(
        engine: engine?.document, lookback: lookback?.lines, cluster: cluster)
      return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
  }
}
