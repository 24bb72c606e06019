import Attribution

/// An event that counted, as a record of the deduped stream holds it; owns its names.
public struct PublishedEvent: Equatable, Sendable {
  public var kind: EventKind
  public var eventID: String
  public var time: Milliseconds
  /// Empty on costs.
  public var userID = ""
  /// Empty on conversions, as are the three that follow where they are absent.
  public var campaignID = ""
  public var channel = ""
  public var adID = ""
  public var sessionID = ""
  /// Values of the fields that the configuration adds to events of this kind, in their order; `""` where absent.
  public var values: [String] = []
  /// A touch's cost, a conversion's value or the amount of a cost; 0 where absent.
  public var amount: Micros = 0
  public var version: Int64 = 0
  /// Whether the event takes its id back: it counts for nothing.
  public var isDeleted = false
  /// Whether the event, or the version that it replaced, came behind the watermark.
  public var isLate = false
  /// The version whose place it has taken; nil for the first event with its id.
  public var replaces: Int64?

  public init(kind: EventKind, eventID: String, time: Milliseconds) {
    self.kind = kind
    self.eventID = eventID
    self.time = time
  }
}

/// Reads record values of the deduped stream (contract, section 5, `accepted`).
public struct AcceptedReader: Sendable {
  /// By kind, the fields that the configuration adds.
  private let fields: [EventKind: [String]]
  private let allFields: Set<String>

  /// - Parameter definitions: which fields there are.
  public init(definitions: Definitions) {
    fields = Dictionary(
      uniqueKeysWithValues: EventKind.allCases.map { ($0, definitions.fields(of: $0).names) })
    allFields = Set(fields.values.joined())
  }

  /// The event that a record's value holds; unknown fields are ignored. Throws `UnreadableRecord`.
  public func read(_ value: UnsafeRawBufferPointer) throws -> PublishedEvent {
    var kind: EventKind?
    var eventID: String?
    var time: Milliseconds?
    // What is required is put in its place at the end.
    var event = PublishedEvent(kind: .click, eventID: "", time: 0)
    var values: [String: String] = [:]
    try JSONReader.read(value) { reader in
      try reader.object { reader, name in
        switch name {
        case "kind":
          let name = try reader.string()
          kind = EventKind.allCases.first { "\($0)" == name }
        case "event_id": eventID = try reader.string()
        case "event_time": time = try reader.integer()
        case "user_id": event.userID = try reader.string()
        case "campaign_id": event.campaignID = try reader.string()
        case "channel": event.channel = try reader.string()
        case "ad_id": event.adID = try reader.string()
        case "session_id": event.sessionID = try reader.string()
        case "cost", "value", "amount": event.amount = try reader.decimal()
        case "version": event.version = try reader.integer()
        case "deleted": event.isDeleted = try reader.boolean()
        case "late": event.isLate = try reader.boolean()
        case "replaces": event.replaces = try reader.integer()
        default:
          if allFields.contains(name) {
            values[name] = try reader.string()
          } else {
            try reader.skip()
          }
        }
      }
    }
    event.kind = try kind.required("kind")
    event.eventID = try eventID.required("event_id")
    event.time = try time.required("event_time")
    event.values = fields[event.kind]!.map { values[$0] ?? "" }
    return event
  }
}
