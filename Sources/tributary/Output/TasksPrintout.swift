import Codec
import Kafka
import Pipeline

/// Who does what, for people and as JSON.
struct TasksPrintout {
  let groups: [GroupStanding]
  let tasks: [TaskStanding]

  var text: String {
    let rows = tasks.map(row)
    let table = AlignedTable(
      header: ["task", "state", "owner", "behind", "watermark"], rows: rows
    ).text
    let lines = groups.map {
      "\($0.group): \($0.state), \($0.members) member\($0.members == 1 ? "" : "s")"
    }
    return (lines + ["", table]).joined(separator: "\n")
  }

  private func row(_ task: TaskStanding) -> [String] {
    let member = task.member.map(owner) ?? "-"
    let behind = task.behind.map(String.init) ?? "?"
    let watermark = task.watermark.map(Time.formatMilliseconds) ?? "-"
    return [task.name, task.state.rawValue, member, behind, watermark]
  }

  /// A name that tells members apart, and where it runs.
  private func owner(_ member: GroupMember) -> String {
    let name = member.instanceID ?? member.id
    let host = member.host.drop { $0 == "/" }
    return TerminalText.printable(host.isEmpty ? name : "\(name) at \(host)")
  }

  var json: String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.array("groups", groups) { writer, group in
        writer.object { writer in
          writer.field("stage", group.stage.rawValue)
          writer.field("group", group.group)
          writer.field("state", group.state)
          writer.field("members", group.members)
        }
      }
      writer.array("tasks", tasks) { writer, task in
        writer.object { writer in
          writer.field("stage", task.stage.rawValue)
          writer.field("task", task.name)
          writer.field("number", Int64(task.number))
          writer.field("state", task.state.rawValue)
          writer.array("partitions", task.partitions) { writer, partition in
            writer.object {
              $0.field("topic", partition.topic)
              $0.field("partition", Int64(partition.partition))
            }
          }
          if let member = task.member {
            writer.key("member")
            write(member, to: &writer)
          } else {
            writer.field("member", nil as String?)
          }
          writer.field("behind", task.behind)
          writer.field("watermark", task.watermark.map(Time.formatMilliseconds))
        }
      }
    }
    return writer.text
  }

  private func write(_ member: GroupMember, to writer: inout JSONWriter) {
    writer.object {
      $0.field("id", member.id)
      $0.field("instance_id", member.instanceID)
      $0.field("client_id", member.clientID)
      $0.field("host", member.host)
    }
  }
}
