import Attribution
import Foundation

extension TrafficGenerator {
  /// Writes what is left of the traffic as JSON lines: `impressions.jsonl`, `clicks.jsonl`,
  /// `conversions.jsonl` and `costs.jsonl`, each in order of arrival. Keys, timestamps and truths are
  /// not written.
  ///
  /// - Parameter directory: made when missing; files of these names in it are replaced.
  /// - Returns: what has been emitted, by kind and truth.
  public mutating func writeJSONLines(to directory: URL) throws -> TrafficSummary {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    var files: [FileHandle] = []
    defer { for file in files { try? file.close() } }
    for name in ["impressions", "clicks", "conversions", "costs"] {
      let url = directory.appendingPathComponent("\(name).jsonl")
      try Data().write(to: url)
      files.append(try FileHandle(forWritingTo: url))
    }
    let flushSize = 1 << 20
    var buffers = Array(repeating: [UInt8](), count: files.count)
    while let record = next() {
      let file = Int(record.kind.rawValue)
      buffers[file] += record.value
      buffers[file].append(UInt8(ascii: "\n"))
      if buffers[file].count >= flushSize {
        try files[file].write(contentsOf: buffers[file])
        buffers[file].removeAll(keepingCapacity: true)
      }
    }
    for (file, buffer) in zip(files, buffers) { try file.write(contentsOf: buffer) }
    return summary
  }
}
