import Attribution

/// Writes the record values of the deduped stream (contract, section 5, `accepted`): the events that counted, in
/// one form, whatever the form in which they came.
public struct AcceptedWriter: ~Copyable {
  private var record = RecordBuffer(capacity: 512)
  private let currency: String
  /// What stands before the values of touches and costs, and before those of conversions.
  private let touchLabels: [[UInt8]]
  private let conversionLabels: [[UInt8]]

  /// - Parameter definitions: what fields there are, and the currency that amounts are in.
  public init(definitions: Definitions) {
    currency = definitions.currency
    func labels(_ kind: EventKind) -> [[UInt8]] {
      definitions.fields(of: kind).names.map { name in
        var label: [UInt8] = [ASCII.comma]
        label.put(json: name)
        label.put(":")
        return label
      }
    }
    touchLabels = labels(.click)
    conversionLabels = labels(.conversion)
  }

  /// The value written last, valid until the next.
  public var bytes: UnsafeRawBufferPointer { record.bytes }

  /// The key of an event's record: its user, of a cost its campaign.
  public static func key(of event: UnsafePointer<Event>) -> UnsafeRawBufferPointer {
    (event.pointee.kind == .cost ? event.pointee.campaignID : event.pointee.userID).buffer
  }

  /// Replaces the value by an event's. What is absent is left out.
  ///
  /// - Parameters:
  ///   - isLate: whether it, or what it replaces, came behind the watermark.
  ///   - replaces: the version whose place it takes.
  public mutating func write(_ event: UnsafePointer<Event>, isLate: Bool, replaces: Int32?) {
    let kind = event.pointee.kind
    record.removeAll()
    record.put(AcceptedWriter.opening(kind))
    record.put(json: event.pointee.eventID)
    put(#","user_id":"#, event.pointee.userID)
    record.put(#","event_time":"#)
    record.put(decimal: event.pointee.time)
    if let time = event.pointee.originalTime {
      record.put(#","original_time":"#)
      record.put(decimal: time)
    }
    put(#","campaign_id":"#, event.pointee.campaignID)
    put(#","channel":"#, event.pointee.channel)
    put(#","ad_id":"#, event.pointee.adID)
    put(#","session_id":"#, event.pointee.sessionID)
    put(#","ip":"#, event.pointee.ip)
    putValues(of: event)
    if event.pointee.hasAmount {
      record.put(AcceptedWriter.amountName(kind))
      record.put(jsonDecimal: event.pointee.amount)
    }
    if event.pointee.hasCurrency {
      record.put(#","currency":"#)
      record.put(json: currency)
    }
    if event.pointee.version > 0 {
      record.put(#","version":"#)
      record.put(decimal: Int64(event.pointee.version))
    }
    if event.pointee.isDeleted { record.put(#","deleted":true"#) }
    record.put(isLate ? #","late":true"# : #","late":false"#)
    if let replaces {
      record.put(#","replaces":"#)
      record.put(decimal: Int64(replaces))
    }
    record.put(ASCII.closeBrace)
  }

  private mutating func put(_ name: StaticString, _ value: BorrowedBytes) {
    guard !value.isEmpty else { return }
    record.put(name)
    record.put(json: value)
  }

  private mutating func putValues(of event: UnsafePointer<Event>) {
    let values = event.pointee.values
    let labels = event.pointee.kind == .conversion ? conversionLabels : touchLabels
    for index in 0..<min(values.count, labels.count) where !values[index].isEmpty {
      labels[index].withUnsafeBytes { record.put(BorrowedBytes($0)) }
      record.put(json: values[index])
    }
  }

  private static func opening(_ kind: EventKind) -> StaticString {
    switch kind {
    case .impression: #"{"kind":"impression","event_id":"#
    case .click: #"{"kind":"click","event_id":"#
    case .conversion: #"{"kind":"conversion","event_id":"#
    case .cost: #"{"kind":"cost","event_id":"#
    }
  }

  private static func amountName(_ kind: EventKind) -> StaticString {
    switch kind {
    case .impression, .click: #","cost":"#
    case .conversion: #","value":"#
    case .cost: #","amount":"#
    }
  }
}
