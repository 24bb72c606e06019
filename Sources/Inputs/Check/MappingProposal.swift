import Attribution
import Codec
import Configuration
import Foundation

/// A mapping for JSON that is not in our form, guessed from the usual names of its fields.
public struct MappingProposal: Sendable {
  /// An entry of `inputs` for each kind that the records seem to hold, as YAML; empty where nothing was recognised.
  public let yaml: String

  /// The same, read; nil where it cannot be.
  public var entries: [InputEntry]? {
    let list = yaml.split(separator: "\n").dropFirst().joined(separator: "\n")
    let setting = Configuration.Override.setting(path: "inputs", value: list, flag: "the proposal")
    return try? Configuration.load(file: nil, environment: [:], overrides: [setting]).inputs
  }

  /// - Parameter values: records' values; those that are no JSON objects say nothing.
  public init(topic: String, values: [[UInt8]]) {
    let samples = values.compactMap { FlatRecord($0) }
    guard !samples.isEmpty else {
      yaml = ""
      return
    }
    let kinds = MappingProposal.kinds(samples, topic: topic)
    var lines: [String] = []
    for (kind, condition, own) in kinds {
      let fields = MappingProposal.fields(of: kind, own)
      guard !fields.isEmpty else { continue }
      lines.append("  - kind: \(kind)")
      lines.append("    topic: \(topic)")
      if let condition {
        lines.append("    where: {\(Self.quoted(condition.path)): \(Self.quoted(condition.value))}")
      }
      let changed = fields.filter { $0.source != $0.name }
      if !changed.isEmpty {
        lines.append("    fields:")
        for (name, source) in changed { lines.append("      \(name): \(source)") }
      }
      let missing = kind.requiredFields.filter { name in !fields.contains { $0.name == name } }
      if !missing.isEmpty {
        lines.append("      # not recognised, and needed: \(missing.joined(separator: ", "))")
      }
    }
    yaml = lines.isEmpty ? "" : (["inputs:"] + lines).joined(separator: "\n")
  }

  // MARK: Kinds

  private static let kindNames: [EventKind: Set<String>] = [
    .click: ["click", "clicks", "tap", "adclick", "linkclick", "clickthrough"],
    .impression: ["impression", "impressions", "view", "adview", "adimpression", "imp"],
    .conversion: [
      "conversion", "conversions", "order", "orders", "purchase", "ordercompleted", "transaction",
      "checkout", "signup", "install", "lead", "ordercreated", "purchased",
    ],
    .cost: ["cost", "costs", "spend", "adcost", "adspend"],
  ]
  private static let kindFields = [
    "type", "eventtype", "event", "eventname", "kind", "action", "name", "e",
  ]

  /// The kinds that the records hold, how each is told, and its records.
  private static func kinds(
    _ samples: [FlatRecord], topic: String
  ) -> [(EventKind, (path: String, value: String)?, [FlatRecord])] {
    for wanted in kindFields {
      let paths = Set(
        samples.flatMap { $0.leaves.filter { $0.names.contains(wanted) }.map(\.path) })
      for path in paths.sorted(by: { ($0.count, $0) < ($1.count, $1) }) {
        var found: [(EventKind, (path: String, value: String)?, [FlatRecord])] = []
        let groups = Dictionary(grouping: samples) { $0[path]?.text ?? "" }
        for (value, own) in groups.sorted(by: { $0.key < $1.key }) {
          // `com.example.ad.clicked.v1`: the words of the value count too.
          let words = [bare(value)] + value.split { !$0.isLetter }.map { bare(String($0)) }
          let kind = EventKind.allCases.first { kind in
            words.contains { word in
              kindNames[kind]!.contains(word)
                || word.hasSuffix("ed") && kindNames[kind]!.contains(String(word.dropLast(2)))
            }
          }
          if let kind { found.append((kind, (path, value), own)) }
        }
        if !found.isEmpty { return found }
      }
    }
    let words = topic.split { !$0.isLetter }.map { bare(String($0)) }
    let named = EventKind.allCases.first { !kindNames[$0]!.isDisjoint(with: words) }
    if let named { return [(named, nil, samples)] }
    let isSale = samples.contains { record in
      record.leaves.contains { !$0.names.isDisjoint(with: ["revenue", "orderid", "ordervalue"]) }
    }
    return [(isSale ? .conversion : .click, nil, samples)]
  }

  // MARK: Fields

  /// Usual names, without case and punctuation, the most telling first.
  private static func usualNames(of field: String, _ kind: EventKind) -> [String] {
    switch field {
    case "event_id":
      let own: [String] =
        switch kind {
        case .click: ["clickid", "gclid", "fbclid", "msclkid"]
        case .impression: ["impressionid", "viewid"]
        case .conversion: ["orderid", "transactionid", "conversionid", "ordernumber"]
        case .cost: ["costid", "rowid"]
        }
      return ["eventid", "messageid", "insertid", "uuid", "hitid", "requestid"] + own + ["id"]
    case "user_id":
      return [
        "userid", "uid", "userpseudoid", "anonymousid", "domainuserid", "customerid", "visitorid",
        "clientid", "cookieid", "deviceid", "idfa", "gaid", "useruuid", "user", "subject",
      ]
    case "event_time":
      return [
        "eventtime", "timestamp", "eventtimestamp", "derivedtstamp", "occurredat",
        "collectortstamp",
        "originaltimestamp", "ts", "time", "createdat", "datetime", "sentat", "receivedat", "date",
      ]
    case "campaign_id":
      return [
        "campaignid", "utmcampaign", "mktcampaign", "campaignname", "campaign", "cid",
      ]
    case "channel":
      return [
        "channel", "utmmedium", "mktmedium", "medium", "channelgroup", "utmsource", "mktsource",
        "source",
      ]
    case "ad_id":
      return ["adid", "creativeid", "utmcontent", "mktcontent", "bannerid", "creative"]
    case "session_id": return ["sessionid", "domainsessionid", "gasessionid", "sid", "session"]
    case "ip": return ["ip", "ipaddress", "useripaddress", "clientip", "remoteip"]
    case "cost": return ["cost", "cpc", "bidprice", "price"]
    case "value":
      return [
        "value", "revenue", "purchaserevenue", "ordervalue", "trtotal", "total", "amount", "price",
      ]
    case "amount": return ["amount", "cost", "spend"]
    case "currency": return ["currency", "currencycode", "trcurrency"]
    default: return [bare(field)]
    }
  }

  private static func fields(
    of kind: EventKind, _ samples: [FlatRecord]
  ) -> [(name: String, source: String)] {
    var used: Set<String> = []
    return kind.fields.compactMap { name in
      for usual in usualNames(of: name, kind) {
        let leaves = samples.flatMap { record in
          record.leaves.filter { $0.names.contains(usual) && !used.contains($0.path) }
        }
        // The shortest path, of equal ones the most frequent.
        let counts = Dictionary(grouping: leaves, by: \.path).mapValues(\.count)
        let best = counts.min {
          ($0.key.depth, -$0.value, $0.key) < ($1.key.depth, -$1.value, $1.key)
        }
        guard let best else { continue }
        used.insert(best.key)
        let path = quoted(best.key)
        guard name == "event_time" else { return (name, path) }
        let texts = leaves.filter { $0.path == best.key }.map(\.text)
        return (name, timeSource(path, texts))
      }
      return nil
    }
  }

  private static func timeSource(_ path: String, _ texts: [String]) -> String {
    if let number = texts.first.flatMap({ Double($0) }) {
      switch abs(number) {
      case 1e17...: return "{path: \(path), unit: ns}"
      case 1e14...: return "{path: \(path), unit: us}"
      case 1e11...:
        return texts[0].allSatisfy(\.isNumber) ? path : "{path: \(path), unit: ms}"
      default: return "{path: \(path), unit: s}"
      }
    }
    if texts.allSatisfy({ Time.parse($0) != nil }) { return path }
    let patterns = [
      "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f",
      "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M:%S",
      "%m/%d/%Y %H:%M",
      "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d", "%Y%m%d",
      "%a, %d %b %Y %H:%M:%S GMT", "%Y-%m-%d %H:%M:%S %z",
    ]
    for text in patterns {
      guard let pattern = try? TimePattern(text), texts.allSatisfy({ pattern.reads($0) }) else {
        continue
      }
      return "{path: \(path), format: \"\(text)\", timezone: UTC}"
    }
    return path
  }

  /// A path or value as YAML.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      text.first?.isLetter == true
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || [45, 46, 95].contains($0)
      }
      && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    guard !isPlain else { return text }
    var bytes: [UInt8] = []
    bytes.appendJSONString(text)
    return String(decoding: bytes, as: UTF8.self)
  }

  fileprivate static func bare(_ name: String) -> String {
    name.lowercased().filter { $0.isLetter || $0.isNumber }
  }
}

extension String {
  /// How many steps a path has.
  fileprivate var depth: Int { count { $0 == "." || $0 == "[" } }
}

extension TimePattern {
  fileprivate func reads(_ text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { read(BorrowedBytes($0)) != nil }
  }
}

/// The scalars of a JSON object with their paths.
private struct FlatRecord {
  struct Leaf {
    var path: String
    /// Its name without case and punctuation, alone and with the one above it.
    var names: Set<String>
    var text: String
  }

  private(set) var leaves: [Leaf] = []

  private static let most = 2_000

  init?(_ value: [UInt8]) {
    guard let json = try? JSONSerialization.jsonObject(with: Data(value)) as? [String: Any] else {
      return nil
    }
    add(json, [], [])
  }

  subscript(path: String) -> Leaf? { leaves.first { $0.path == path } }

  private mutating func add(_ value: Any, _ steps: [FieldPath.Step], _ names: [String]) {
    guard leaves.count < Self.most, steps.count < 12 else { return }
    switch value {
    case let object as [String: Any]:
      for (name, member) in object.sorted(by: { $0.key < $1.key }) where !name.isEmpty {
        add(member, steps + [.name(name)], names + [name])
      }
    case let list as [[String: Any]]:
      // Parameters as a list of names and values.
      for element in list {
        guard let key = element["key"] as? String, let value = element["value"] else { continue }
        add(value, steps + [.element(name: "key", value: key), .name("value")], names + [key])
      }
    case is NSNull: break
    case let text as String where !text.isEmpty: addLeaf(text, steps, names)
    case let number as NSNumber: addLeaf("\(number)", steps, names)
    default: break
    }
  }

  private mutating func addLeaf(_ text: String, _ steps: [FieldPath.Step], _ names: [String]) {
    // The wrappers in which some exports put their values say nothing.
    let telling = names.filter {
      !["string_value", "int_value", "double_value", "float_value"].contains($0)
    }
    guard let last = telling.last else { return }
    var own: Set<String> = [MappingProposal.bare(last)]
    if telling.count > 1 {
      own.insert(MappingProposal.bare(telling[telling.count - 2] + last))
    }
    leaves.append(Leaf(path: FieldPath.value(steps).text, names: own, text: text))
  }
}
