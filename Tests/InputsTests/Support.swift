// Safety: names of events are copied before the bytes that they are lent from go away.

import Attribution
import Codec
import Foundation
import Testing

@testable import Configuration
@testable import Inputs

/// An event with names of its own.
struct OwnedEvent: Equatable {
  var kind: EventKind
  var time: Milliseconds
  var amount: Micros
  var id: String
  var user: String
  var campaign: String
  var channel: String
  var ad: String
  var session: String
  var version: Int32 = 0
  var isDeleted = false
  var originalTime: Milliseconds?

  init(
    _ kind: EventKind, id: String, user: String = "", at time: Milliseconds, campaign: String = "",
    channel: String = "", ad: String = "", session: String = "", amount: Micros = 0
  ) {
    self.kind = kind
    self.time = time
    self.amount = amount
    self.id = id
    self.user = user
    self.campaign = campaign
    self.channel = channel
    self.ad = ad
    self.session = session
  }

  init(_ event: borrowing Event) {
    self.init(
      event.kind, id: event.eventID.string, user: event.userID.string, at: event.time,
      campaign: event.campaignID.string, channel: event.channel.string, ad: event.adID.string,
      session: event.sessionID.string, amount: event.amount)
    version = event.version
    isDeleted = event.isDeleted
    originalTime = event.originalTime
  }
}

/// What became of a record.
enum Result: Equatable {
  case event(OwnedEvent)
  case rejected(RejectionReason)
  case filtered
}

/// A topic's decoder, for records that tests write.
struct Topic {
  var decoder: InputDecoder
  private var offset: Int64 = 0

  /// - Parameter entries: of `inputs`, each without its topic, as YAML in braces.
  init(_ entries: String..., registry: SchemaRegistry? = nil) throws {
    let list = entries.map { "  - {topic: ads, \($0)}" }.joined(separator: "\n")
    let configuration = try Configuration.load(
      yaml: "schema_registry: http://nowhere\ninputs:\n" + list)
    let plans = try InputPlans(configuration, registry: registry)
    decoder = InputDecoder(try #require(plans.plan(of: "ads")), definitions: Definitions())
  }

  mutating func read(
    _ value: [UInt8]?, key: String? = nil, timestamp: Milliseconds = -1,
    headers: [(String, String?)] = []
  ) throws -> Result {
    offset += 1
    defer { decoder.recycle() }
    var event = Event(kind: .click, time: 0, eventID: .empty, userID: .empty)
    let kept = headers.map { (name: $0.0, value: $0.1.map { Array($0.utf8) }) }
    let reading = try (value ?? []).withUnsafeBytes { valueBytes in
      try Array((key ?? "").utf8).withUnsafeBytes { keyBytes in
        let reading = try decoder.decode(
          InputRecord(
            partition: 3, offset: offset, timestamp: timestamp, key: key == nil ? nil : keyBytes,
            value: value == nil ? nil : valueBytes, headers: kept), into: &event)
        return reading == .event
          ? Result.event(OwnedEvent(event))
          : reading == .filtered ? .filtered : Topic.rejection(reading)
      }
    }
    return reading
  }

  private static func rejection(_ reading: InputDecoder.Reading) -> Result {
    guard case .rejected(let rejection) = reading else { return .filtered }
    return .rejected(rejection.reason)
  }

  mutating func read(
    _ json: String, key: String? = nil, timestamp: Milliseconds = -1,
    headers: [(String, String?)] = []
  ) throws -> Result {
    try read(Array(json.utf8), key: key, timestamp: timestamp, headers: headers)
  }
}

/// What make_formats.py has written.
struct Formats: Decodable {
  /// A record with values of every type, and the texts that they stand for, by path.
  struct Types: Decodable {
    var schema: String?
    var value: Data
    var texts: [String: String]
  }

  struct Event: Decodable {
    var kind: String
    var key: String
    var timestamp: Int64
    var own: String
    var foreign: String
    var avro: Data
    var protobuf: Data
  }

  var avroSchemas: [String: String]
  var shopDescriptors: Data
  var typesDescriptors: Data
  var avroTypes: Types
  var protobufTypes: Types
  var events: [Event]

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  static func load() throws -> Formats {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      Formats.self, from: try Data(contentsOf: folder.appendingPathComponent("formats.json")))
  }

  static func text(_ file: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
  }
}
