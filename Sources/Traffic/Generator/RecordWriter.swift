import Attribution
import Codec

/// Writes pending events as the JSON of the contract, section 2, in the many ways that it allows.
struct RecordWriter {
  let catalogue: CampaignCatalogue
  private let currency: String
  private let hasTwoSpellings: Bool
  private let identifierPrefixes: [[UInt8]] = ["\"i-", "\"k-", "\"v-", "\"f-"].map {
    Array($0.utf8)
  }
  private let loose: Punctuation
  private let tight: Punctuation
  private let userAgents: [[UInt8]]
  private let extras: [[UInt8]]
  private let fieldValues: FieldValues

  private static let offsetsMinutes: [Int64] = [60, 330, -480, -210]
  private static let leastDecimals = [2, 2, 0, 6]

  /// The field names with their separators, in one layout.
  private struct Punctuation {
    let open: [UInt8]
    let comma: [UInt8]
    let close: [UInt8]
    let eventID, userID, eventTime, campaignID, channel, adID, sessionID: [UInt8]
    let cost, value, amount, currency, address, userAgent: [UInt8]
    let version, deleted, originalTime: [UInt8]

    init(space: String) {
      func name(_ text: String) -> [UInt8] { Array("\"\(text)\":\(space)".utf8) }
      open = Array("{\(space)".utf8)
      comma = Array(",\(space)".utf8)
      close = Array("\(space)}".utf8)
      eventID = name("event_id")
      userID = name("user_id")
      eventTime = name("event_time")
      campaignID = name("campaign_id")
      channel = name("channel")
      adID = name("ad_id")
      sessionID = name("session_id")
      cost = name("cost")
      value = name("value")
      amount = name("amount")
      currency = name("currency")
      address = name("ip")
      userAgent = name("ua")
      version = name("version")
      deleted = name("deleted")
      originalTime = name("original_time")
    }
  }

  init(
    catalogue: CampaignCatalogue, definitions: Definitions, hasTwoSpellings: Bool = false
  ) {
    self.hasTwoSpellings = hasTwoSpellings
    self.catalogue = catalogue
    currency = definitions.currency
    fieldValues = FieldValues(definitions)
    tight = Punctuation(space: "")
    loose = Punctuation(space: " ")
    userAgents = [
      #""Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0""#,
      #""Mozilla\/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) \"Mobile\/15E148\"""#,
      #""Opera/9.80 (Türkçe; \u00fcbersetzt) Presto \ud83d\ude80 C:\\new\tline""#,
      #""Лиса/1.0 (日本語; 🚀)""#,
    ].map { Array($0.utf8) }
    extras = [
      #""context":{"screen":[1920,1080],"event_id":"not this one","tags":[{"a":null},[]]}"#,
      #""consent":true,"score":-1.25e-3,"referrer":null"#,
      #""referrer":"https:\/\/example.com\/?q=%C3%A9&x={\"user_id\":\"u-0\"}""#,
    ].map { Array($0.utf8) }
  }

  /// The record key: the user's id, or the campaign's on costs.
  func key(of event: PendingEvent) -> [UInt8] {
    if event.kind == .cost { return catalogue.campaigns[Int(event.campaign)].id }
    var key: [UInt8] = []
    key.reserveCapacity(18)
    appendUser(event.user, to: &key)
    return key
  }

  /// The record value. Malformed ones have exactly one fault, chosen by the event's format.
  func value(of event: PendingEvent) -> [UInt8] {
    var fault: Fault?
    if case .malformed(let rejection) = event.truth { fault = Fault(rejection, of: event) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(fault == .padded ? 66_500 : 512)
    let layout = event.format & 3 == 0 ? loose : tight

    bytes += layout.open
    // The time stands first, in between, or last.
    let timePosition = event.format >> 2 & 3
    if timePosition == 0 { appendTime(event, fault, layout, &bytes) }
    appendIdentity(event, fault, layout, &bytes)
    if timePosition == 1 || timePosition == 2 { appendTime(event, fault, layout, &bytes) }
    if event.kind != .conversion { appendPlacement(event, fault, layout, &bytes) }
    appendMoney(event, fault, layout, &bytes)
    fieldValues.append(event, comma: layout.comma, to: &bytes)
    appendExtras(event, fault, layout, &bytes)
    if event.version > 0 { appendVersion(event, layout, &bytes) }
    if timePosition == 3 { appendTime(event, fault, layout, &bytes) }
    bytes.removeLast(layout.comma.count)
    bytes += layout.close
    fault?.damage(&bytes)
    return bytes
  }

  private func appendUser(_ user: UInt64, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "u"))
    bytes.append(UInt8(ascii: "-"))
    appendNumber(user, digits: 16, to: &bytes)
  }

  /// A number as hexadecimal digits; with two spellings, half of it, behind an accented letter of which the
  /// other half says whether it is one character or two.
  private func appendNumber(_ number: UInt64, digits: Int, to bytes: inout [UInt8]) {
    guard hasTwoSpellings else { return JSONText.appendHex(number, digits: digits, to: &bytes) }
    JSONText.appendHex(number >> 1, digits: digits, to: &bytes)
    bytes += Array((number & 1 == 0 ? "\u{E9}" : "e\u{301}").utf8)
  }

  private func appendIdentity(
    _ event: PendingEvent, _ fault: Fault?, _ layout: Punctuation, _ bytes: inout [UInt8]
  ) {
    if fault != .withoutEventID {
      if event.format >> 4 & 511 == 0 {
        // Of a repeated key the last counts.
        bytes += layout.eventID
        bytes += Array("\"overwritten\"".utf8)
        bytes += layout.comma
      }
      bytes += layout.eventID
      if fault == .numericEventID {
        // An integer would stand for its digits.
        JSONText.appendDecimal(Int64(event.identity), to: &bytes)
        bytes += Array(".5".utf8)
      } else {
        bytes += identifierPrefixes[Int(event.kind.rawValue)]
        appendNumber(event.identity, digits: 12, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
      }
      bytes += layout.comma
    }
    guard event.kind != .cost, fault != .withoutUser else { return }
    bytes += layout.userID
    bytes.append(UInt8(ascii: "\""))
    appendUser(event.user, to: &bytes)
    // 18 + 111 bytes: one more than an id may have.
    if fault == .longUser { bytes += repeatElement(UInt8(ascii: "x"), count: 111) }
    bytes.append(UInt8(ascii: "\""))
    bytes += layout.comma
  }

  private func appendTime(
    _ event: PendingEvent, _ fault: Fault?, _ layout: Punctuation, _ bytes: inout [UInt8]
  ) {
    guard fault != .withoutTime else { return }
    bytes += layout.eventTime
    if fault == .vagueTime {
      bytes += Array("\"yesterday\"".utf8)
    } else {
      let style = event.format >> 13 & 7
      if style < 4 {
        JSONText.appendDecimal(event.time, to: &bytes)
      } else {
        let offset = RecordWriter.offsetsMinutes[Int(event.format >> 16 & 3)]
        let isFullSecond = event.time % 1_000 == 0
        bytes.append(UInt8(ascii: "\""))
        JSONText.appendTime(
          event.time, decimals: style == 7 ? 6 : isFullSecond ? 0 : 3,
          offsetMinutes: style == 6 ? offset : 0, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
      }
    }
    bytes += layout.comma
  }

  private func appendPlacement(
    _ event: PendingEvent, _ fault: Fault?, _ layout: Punctuation, _ bytes: inout [UInt8]
  ) {
    let campaign = catalogue.campaigns[Int(event.campaign)]
    if fault != .withoutCampaign {
      bytes += layout.campaignID
      bytes += event.format >> 18 & 3 == 0 ? campaign.idEscapedJSON : campaign.idJSON
      bytes += layout.comma
    }
    guard event.kind != .cost else { return }
    let writesNull = event.format >> 20 & 1 == 0
    if event.namesChannel {
      bytes += layout.channel
      bytes += campaign.channelJSON
      bytes += layout.comma
    } else {
      appendAbsent(layout.channel, writesNull, layout, &bytes)
    }
    if event.ad >= 0 {
      bytes += layout.adID
      bytes.append(UInt8(ascii: "\""))
      bytes.append(UInt8(ascii: "a"))
      bytes.append(UInt8(ascii: "-"))
      JSONText.appendDecimal(Int64(event.campaign) + 1, to: &bytes)
      bytes.append(UInt8(ascii: "-"))
      JSONText.appendDecimal(Int64(event.ad) + 1, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
      bytes += layout.comma
    } else {
      appendAbsent(layout.adID, writesNull, layout, &bytes)
    }
    if event.session >= 0 {
      bytes += layout.sessionID
      bytes.append(UInt8(ascii: "\""))
      bytes.append(UInt8(ascii: "s"))
      bytes.append(UInt8(ascii: "-"))
      JSONText.appendDecimal(Int64(event.session), to: &bytes)
      bytes.append(UInt8(ascii: "\""))
      bytes += layout.comma
    } else {
      appendAbsent(layout.sessionID, writesNull, layout, &bytes)
    }
  }

  /// An absent optional field is left out, `null`, or `""`.
  private func appendAbsent(
    _ name: [UInt8], _ writesNull: Bool, _ layout: Punctuation, _ bytes: inout [UInt8]
  ) {
    guard writesNull else { return }
    bytes += name
    bytes += Array((name == layout.sessionID ? "\"\"" : "null").utf8)
    bytes += layout.comma
  }

  private func appendMoney(
    _ event: PendingEvent, _ fault: Fault?, _ layout: Punctuation, _ bytes: inout [UInt8]
  ) {
    let name =
      switch event.kind {
      case .impression, .click: layout.cost
      case .conversion: layout.value
      case .cost: layout.amount
      }
    if let text = fault?.money {
      bytes += name
      bytes += Array(text.utf8)
      bytes += layout.comma
    } else if event.amount >= 0, fault != .withoutAmount {
      let isText = event.format >> 21 & 3 != 0
      let leastDecimals = RecordWriter.leastDecimals[Int(event.format >> 23 & 3)]
      bytes += name
      if isText { bytes.append(UInt8(ascii: "\"")) }
      JSONText.appendMoney(event.amount, leastDecimals: leastDecimals, to: &bytes)
      if isText { bytes.append(UInt8(ascii: "\"")) }
      bytes += layout.comma
    }
    if fault == .foreignCurrency || event.format >> 25 & 1 == 0 {
      bytes += layout.currency
      bytes.append(UInt8(ascii: "\""))
      let isForeign = fault == .foreignCurrency
      bytes += Array((isForeign ? (currency == "USD" ? "GBP" : "USD") : currency).utf8)
      bytes.append(UInt8(ascii: "\""))
      bytes += layout.comma
    }
  }

  private func appendVersion(
    _ event: PendingEvent, _ layout: Punctuation, _ bytes: inout [UInt8]
  ) {
    bytes += layout.version
    JSONText.appendDecimal(Int64(event.version), to: &bytes)
    bytes += layout.comma
    if event.isDeleted || event.format >> 35 & 3 == 0 {
      bytes += layout.deleted
      bytes += Array((event.isDeleted ? "true" : "false").utf8)
      bytes += layout.comma
    }
    guard let time = event.originalTime else { return }
    bytes += layout.originalTime
    if event.format >> 37 & 1 == 0 {
      JSONText.appendDecimal(time, to: &bytes)
    } else {
      bytes.append(UInt8(ascii: "\""))
      JSONText.appendTime(time, decimals: 3, offsetMinutes: 0, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    }
    bytes += layout.comma
  }

  private func appendExtras(
    _ event: PendingEvent, _ fault: Fault?, _ layout: Punctuation, _ bytes: inout [UInt8]
  ) {
    if event.kind.isTouch, event.format >> 26 & 1 == 0 {
      // Addresses of RFC 5737's documentation range.
      bytes += layout.address
      bytes += Array("\"203.0.113.".utf8)
      JSONText.appendDecimal(Int64(event.user & 0xFF), to: &bytes)
      bytes.append(UInt8(ascii: "\""))
      bytes += layout.comma
    }
    let agent = Int(event.format >> 27 & 7)
    if agent < userAgents.count {
      bytes += layout.userAgent
      bytes += userAgents[agent]
      bytes += layout.comma
    }
    let extra = Int(event.format >> 30 & 31)
    if extra < extras.count {
      bytes += extras[extra]
      bytes += layout.comma
    }
    if fault == .padded {
      bytes += Array("\"padding\":\"".utf8)
      bytes += repeatElement(UInt8(ascii: "x"), count: 66_000)
      bytes.append(UInt8(ascii: "\""))
      bytes += layout.comma
    }
  }
}
