import Attribution

// What Kafka and the contract allow in names.

/// Why `name` cannot be (part of) a Kafka topic name, as the end of a sentence; nil when it can.
func topicNameFault(_ name: String, longest: Int) -> String? {
  if name.isEmpty { return "is empty" }
  if name == "." || name == ".." { return "is not a name that Kafka allows" }
  if name.utf8.count > longest { return "is longer than \(longest) characters" }
  if !name.utf8.allSatisfy(isTopicByte) {
    return "holds a character that Kafka does not allow in names"
  }
  return nil
}

let topicNameAdvice = "use letters, digits, '.', '_' and '-' only"

private func isTopicByte(_ byte: UInt8) -> Bool {
  isAlphanumeric(byte) || ".-_".utf8.contains(byte)
}

/// RFC 3986, section 2.3.
func isUnreserved(_ byte: UInt8) -> Bool {
  isAlphanumeric(byte) || "-._~".utf8.contains(byte)
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}

/// Why `name` cannot be that of an extra field, as the end of a sentence, and what to do; nil when it can.
///
/// The name becomes a column, a flag's value and a parameter, and some databases cut names behind 63 bytes.
func fieldNameFault(_ name: String) -> (problem: String, advice: String)? {
  let isLegal =
    (1...63).contains(name.utf8.count)
    && name.utf8.allSatisfy { isAlphanumeric($0) || "_-".utf8.contains($0) }
    && !(name.utf8.first.map { "0123456789-".utf8.contains($0) } ?? true)
  guard isLegal else {
    return (
      "cannot be \(quoted(name))",
      "use 1 to 63 letters, digits, '_' and '-', a letter first; `inputs` can read any field under such a name"
    )
  }
  guard !takenFieldNames.contains(name.lowercased()) else {
    return (
      "cannot be \(quoted(name)), which means something already",
      "read the field under another name with `inputs`"
    )
  }
  return nil
}

/// Fields of events, and what stands beside dimensions in rollups, tables, reports and flags.
private let takenFieldNames: Set<String> = {
  var names: Set<String> = [
    "event_id", "user_id", "event_time", "original_time", "campaign_id", "channel", "ad_id",
    "session_id", "ip",
    "cost", "value", "currency", "amount", "version", "deleted", "kind", "late", "replaces",
    "view", "dimensions", "window_start", "window_end", "impressions", "clicks", "users",
    "sessions",
    "conversions", "revenue", "spend", "touches", "touch_count", "touch_id", "touch_kind",
    "touch_time", "credit", "conversion_id", "spend_micros", "final", "revision", "watermark",
    "day", "timezone", "state", "line", "ctr", "cpc", "conversion_rate", "cpa", "roas",
    "campaign", "ad", "none",
  ]
  for measure in ["conversions", "revenue", "conversion_rate", "cpa", "roas"] {
    for model in Model.allCases {
      names.insert("\(measure)_\(model.rawValue)")
      names.insert("\(measure)_\(model.rawValue)_micros")
    }
  }
  return names
}()

/// Why `entry` cannot be a broker's address, as the end of a sentence; nil when it can. Accepts what
/// librdkafka does: `host`, `host:port`, `[v6]:port`, `protocol://host:port`.
func brokerFault(_ entry: Substring) -> String? {
  if entry.isEmpty { return "holds an empty address" }
  if entry.contains(where: { $0.isWhitespace || $0 == ";" }) {
    return "has addresses that are not separated by commas"
  }
  var address = entry
  if let scheme = entry.firstRange(of: "://") { address = entry[scheme.upperBound...] }
  if address.hasPrefix("[") {
    guard let end = address.firstIndex(of: "]") else { return "has an address without a closing ]" }
    address = "host" + address[address.index(after: end)...]
  }
  let parts = address.split(separator: ":", omittingEmptySubsequences: false)
  if parts[0].isEmpty { return "has an address without a host" }
  if parts.count > 2 { return "has an address with more than one port" }
  if parts.count == 2, !(1...65_535).contains(Int(parts[1]) ?? 0) {
    return "has an address whose port is not a number from 1 to 65535"
  }
  return nil
}
