import Attribution
import Codec

/// What is wrong with a malformed record: one thing, whose reason is certain.
enum Fault {
  case padded
  case truncated, withoutQuotes, withTail, prose
  case withoutEventID, withoutUser, withoutTime, withoutCampaign, withoutAmount
  case numericEventID, longUser, vagueTime
  case negativeMoney, exponentMoney, sevenDecimals, hugeMoney, moneyWithText
  /// Shown by the event's time, not by how it is written.
  case fromTheFuture
  case foreignCurrency

  /// One of the faults that are reported as `rejection` and can befall this event.
  init(_ rejection: Rejection, of event: PendingEvent) {
    let candidates: [Fault] =
      switch rejection {
      case .tooLarge: [.padded]
      case .malformedJSON: [.truncated, .withoutQuotes, .withTail, .prose]
      case .missingField:
        switch event.kind {
        case .impression, .click: [.withoutEventID, .withoutUser, .withoutTime, .withoutCampaign]
        case .conversion: [.withoutEventID, .withoutUser, .withoutTime]
        case .cost: [.withoutEventID, .withoutTime, .withoutCampaign, .withoutAmount]
        }
      case .invalidField:
        [
          .numericEventID, .vagueTime, .negativeMoney, .exponentMoney, .sevenDecimals, .hugeMoney,
          .moneyWithText,
        ] + (event.kind == .cost ? [] : [.longUser])
      case .futureEvent: [.fromTheFuture]
      case .wrongCurrency: [.foreignCurrency]
      // Traffic is in our own form.
      case .malformedAvro, .malformedProtobuf, .unknownSchema: [.prose]
      }
    self = candidates[Int((event.format >> 40) % UInt64(candidates.count))]
  }

  /// The text that stands for the money, if that is the fault.
  var money: String? {
    switch self {
    case .negativeMoney: "-5.00"
    case .exponentMoney: "1e13"
    case .sevenDecimals: "\"1.2345678\""
    case .hugeMoney: "\"9223372036854.775808\""
    case .moneyWithText: "\"12.50 EUR\""
    default: nil
    }
  }

  /// Breaks the JSON, if that is the fault.
  func damage(_ bytes: inout [UInt8]) {
    switch self {
    case .truncated: bytes.removeLast(bytes.count / 3)
    case .withoutQuotes: bytes.replaceSubrange(0..<1, with: Array("{event_id:'k-1',".utf8))
    case .withTail: bytes += Array("}}".utf8)
    case .prose: bytes = Array("GET /pixel.gif?c=7 HTTP/1.1".utf8)
    default: break
    }
  }
}
