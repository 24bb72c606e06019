import Codec

/// Journeys as the IHC API takes them: `{"customer_journeys":[…]}`, an object per session.
package struct JourneyJSON {
  private var isFirst = true

  package init() {}

  package static let opening = Array(#"{"customer_journeys":["#.utf8)
  package static let closing = Array("]}".utf8)

  /// The journey's sessions, a comma before them unless they are the first ones.
  package mutating func sessions(of journey: Journey) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, session) in journey.sessions.enumerated() {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      var writer = JSONWriter()
      writer.object { writer in
        writer.field("conversion_id", journey.conversionID)
        writer.field("session_id", session.id)
        writer.field("timestamp", Self.timestamp(session))
        writer.field("channel_label", session.channel)
        writer.field("holder_engagement", session.hasHolderEngagement ? Int64(1) : 0)
        writer.field("closer_engagement", session.hasCloserEngagement ? Int64(1) : 0)
        writer.field("conversion", index == journey.sessions.count - 1 ? Int64(1) : 0)
        writer.field("impression_interaction", session.isImpression ? Int64(1) : 0)
      }
      bytes += writer.bytes
    }
    return bytes
  }

  /// A whole document.
  static func document(_ journeys: [Journey]) -> [UInt8] {
    var json = JourneyJSON()
    return journeys.reduce(into: opening) { $0 += json.sessions(of: $1) } + closing
  }

  /// `2026-01-05 00:01:02`.
  private static func timestamp(_ session: Session) -> String {
    let text = Time.formatSeconds(session.time).dropLast()
    return text.prefix(10) + " " + text.dropFirst(11)
  }
}
