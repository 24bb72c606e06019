import Attribution
import Codec

extension ConversionExplanation {
  /// One object, the same in the API and the terminal.
  public var json: String {
    var writer = JSONWriter()
    let now = attribution
    writer.object { writer in
      writer.field("conversion_id", now.conversionID)
      writer.field("user_id", now.userID)
      writer.field("event_time", Time.formatMilliseconds(now.time))
      writer.decimal("value", now.value)
      writer.field("currency", now.currency)
      writer.field("revision", now.revision)
      if now.isDeleted { writer.field("deleted", true) }
      writer.array("versions", versions) { writer, version in
        writer.object { writer in
          writer.field("version", Int64(version.number))
          writer.field("event_time", Time.formatMilliseconds(version.time))
          writer.decimal("value", version.value)
          writer.field("deleted", version.isDeleted)
          writer.field("verdict", version.fate.text)
        }
      }
      writer.array("touches", touches) { append($1, to: &$0) }
      writer.array("revisions", revisions.indices) { writer, index in
        writer.object { writer in
          writer.field("revision", revisions[index].revision)
          writer.array("changes", changes(ofRevision: index)) { $0.value($1) }
          writer.array("touches", revisions[index].touches) { $0.value($1.eventID) }
          append(revisions[index].credits, "credit", to: &writer)
          append(revisions[index].revenues, "revenue", to: &writer)
        }
      }
    }
    return writer.text
  }

  private func append(_ touch: Touch, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("event_id", touch.touch.eventID)
      writer.field("kind", "\(touch.touch.kind)")
      writer.field("event_time", Time.formatMilliseconds(touch.touch.time))
      writer.field("campaign_id", touch.touch.campaignID)
      writer.field("channel", touch.touch.channel)
      writer.field("ad_id", touch.touch.adID)
      if touch.version > 0 { writer.field("version", Int64(touch.version)) }
      if touch.isDeleted { writer.field("deleted", true) }
      writer.field("eligible", touch.verdict == .eligible)
      writer.field("verdict", touch.verdict.text)
    }
  }

  private func append(_ rows: [String: [Int64]], _ name: String, to writer: inout JSONWriter) {
    writer.key(name)
    writer.object { writer in
      for (model, row) in rows.sorted(by: { $0.key < $1.key }) {
        writer.array(model, row) { $0.decimal($1) }
      }
    }
  }
}
