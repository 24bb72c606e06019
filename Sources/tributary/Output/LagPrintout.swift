import Codec
import Pipeline

/// How far each partition has been read, for people and as JSON.
struct LagPrintout {
  private let sources: [SourceStanding]

  init(_ sources: [SourceStanding]) { self.sources = sources }

  var text: String {
    let rows = sources.map(row)
    let table = AlignedTable(
      header: ["partition", "stage", "end", "committed", "behind", "watermark"], rows: rows
    ).text
    let silent = sources.filter { $0.behind == nil }.count
    let total = sources.compactMap(\.behind).reduce(0, +)
    return "\(table)\n\n\(NumberText.count(total)) behind in \(sources.count) partitions"
      + (silent == 0 ? "" : "; \(silent) of them did not answer")
  }

  private func row(_ source: SourceStanding) -> [String] {
    let partition = "\(source.partition.topic) [\(source.partition.partition)]"
    let end = source.end.map(String.init) ?? "?"
    let committed = source.committed.map(String.init) ?? "-"
    let behind = source.behind.map(String.init) ?? "?"
    let watermark = source.watermark.map(Time.formatMilliseconds) ?? "-"
    return [partition, source.stage.rawValue, end, committed, behind, watermark]
  }

  var json: String {
    var writer = JSONWriter()
    writer.array(sources) { writer, source in
      writer.object { writer in
        writer.field("stage", source.stage.rawValue)
        writer.field("topic", source.partition.topic)
        writer.field("partition", Int64(source.partition.partition))
        writer.field("end", source.end)
        writer.field("committed", source.committed)
        writer.field("behind", source.behind)
        writer.field("watermark", source.watermark.map(Time.formatMilliseconds))
      }
    }
    return writer.text
  }
}
