import Codec
import Foundation
import Pipeline

/// What a load needs, for people and as JSON.
struct SizePrintout {
  private let size: Sizing

  init(_ size: Sizing) { self.size = size }

  var text: String {
    let rows = [
      ["records a second at the peak", count(size.peakRate), ""],
      ["event ids remembered", count(size.ids), ""],
      ["touches remembered", count(size.touches), "of \(count(size.users)) users"],
      ["rollups not final", count(size.openRollups), ""],
      ["state in memory", bytes(size.state), "in all"],
      ["cores", String(format: "%.1f", size.cores), "at 60% use"],
      [
        "partitions", "\(size.partitions)",
        String(format: "restored in %.0f s each", size.restoreSeconds),
      ],
      ["instances", "\(size.instances)", "of \(bytes(size.memoryPerInstance)) at least"],
      ["disk, inputs", bytes(size.inputDisk), "replicas included"],
      ["disk, state", bytes(size.stateDisk), "replicas included"],
    ]
    let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let name = row[0] + String(repeating: " ", count: widths[0] - row[0].count)
      let value = String(repeating: " ", count: widths[1] - row[1].count) + row[1]
      return row[2].isEmpty ? "\(name)  \(value)" : "\(name)  \(value)  \(row[2])"
    }.joined(separator: "\n")
  }

  private func count(_ value: Double) -> String { NumberText.count(whole(value)) }

  /// Rounded up; what is too large for a number is the largest.
  private func whole(_ value: Double) -> Int64 { Int64(min(value.rounded(.up), 9e18)) }

  private func bytes(_ value: Double) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var (value, unit) = (value, 0)
    while value >= 1_024, unit < units.count - 1 {
      value /= 1_024
      unit += 1
    }
    return "\(String(format: value < 10 ? "%.1f" : "%.0f", value)) \(units[unit])"
  }

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      for (name, value) in [
        ("peak_records_per_second", size.peakRate), ("ids", size.ids), ("touches", size.touches),
        ("users", size.users), ("open_rollups", size.openRollups), ("state_bytes", size.state),
        ("memory_per_instance_bytes", size.memoryPerInstance),
        ("input_disk_bytes", size.inputDisk), ("state_disk_bytes", size.stateDisk),
      ] {
        writer.field(name, whole(value))
      }
      writer.field("partitions", size.partitions)
      writer.field("instances", size.instances)
      writer.field("cores", Int64(size.cores.rounded(.up)))
      writer.field("restore_seconds", Int64(size.restoreSeconds.rounded(.up)))
    }
    return writer.text
  }
}
