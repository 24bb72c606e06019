import Attribution

extension EventKind {
  /// What the kind's topic and files are called.
  public var inputName: String {
    switch self {
    case .impression: "impressions"
    case .click: "clicks"
    case .conversion: "conversions"
    case .cost: "costs"
    }
  }

  /// The kind of that name, in the singular or the plural.
  public init?(inputName name: String) {
    let found = EventKind.allCases.first {
      $0.inputName == name || $0.inputName.dropLast() == name[...]
    }
    guard let found else { return nil }
    self = found
  }

  /// The fields that mean something on events of this kind: the contract's, and those of the configuration.
  public func allFields(_ definitions: Definitions) -> [String] {
    fields + definitions.fields(of: self).names
  }

  /// The contract's (section 2).
  public var fields: [String] {
    let own: [String] =
      switch self {
      case .impression, .click:
        [
          "event_id", "user_id", "event_time", "campaign_id", "channel", "ad_id", "session_id",
          "ip", "cost", "currency",
        ]
      case .conversion: ["event_id", "user_id", "event_time", "value", "currency"]
      case .cost:
        ["event_id", "event_time", "campaign_id", "channel", "ad_id", "amount", "currency"]
      }
    return own + ["version", "deleted", "original_time"]
  }

  /// Those without which no event can be used.
  public var requiredFields: [String] {
    switch self {
    case .impression, .click: ["event_id", "user_id", "event_time", "campaign_id"]
    case .conversion: ["event_id", "user_id", "event_time"]
    case .cost: ["event_id", "event_time", "campaign_id", "amount"]
    }
  }
}
