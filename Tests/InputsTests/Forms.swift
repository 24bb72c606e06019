import Attribution

/// How each form of make_formats.py's events is mapped: an entry of `inputs` without topic and format.
struct Forms {
  /// Inside the braces.
  var entry: String

  static func own(_ kind: EventKind) -> Forms { Forms(entry: "kind: \(kind)") }

  static func foreign(_ kind: EventKind) -> Forms {
    switch kind {
    case .impression, .click:
      Forms(
        entry: """
          kind: \(kind), where: {meta.type: \(kind == .click ? "[click, tap]" : "impression")}, fields: \
          {event_id: id, user_id: {first: [user.id, device.idfa]}, event_time: {path: ts, unit: s}, \
          campaign_id: {path: utm.campaign, default: none}, ad_id: utm.content, cost: price, \
          channel: "params[key=channel].value", session_id: tags.session}
          """)
    case .conversion:
      Forms(
        entry: """
          kind: conversion, where: {meta.type: order}, fields: {event_id: number, user_id: "customer[0].no", \
          event_time: {path: placed, format: "%d.%m.%Y %H:%M:%S", timezone: Europe/Berlin}, value: total}
          """)
    case .cost:
      Forms(
        entry: """
          kind: cost, where: {meta.type: cost}, fields: {event_id: id, campaign_id: campaign, \
          event_time: {path: day, format: "%Y-%m-%d"}}
          """)
    }
  }

  static func avro(_ kind: EventKind) -> Forms {
    switch kind {
    case .impression, .click:
      Forms(
        entry: """
          kind: \(kind), where: {type: \("\(kind)".uppercased())}, fields: \
          {event_id: id, user_id: {first: [user.id, user.device]}, event_time: ts, \
          campaign_id: {path: campaign.name, default: none}, ad_id: campaign.ad, cost: cost, \
          channel: "params[key=channel].value", session_id: tags.session}
          """)
    case .conversion:
      Forms(
        entry:
          "kind: conversion, fields: {event_id: order_id, user_id: user.id, event_time: placed, value: total}"
      )
    case .cost:
      Forms(
        entry: "kind: cost, fields: {event_id: id, campaign_id: campaign, event_time: day}")
    }
  }

  static func protobuf(_ kind: EventKind) -> Forms {
    switch kind {
    case .impression, .click:
      Forms(
        entry: """
          kind: \(kind), where: {type: \("\(kind)".uppercased())}, fields: \
          {event_id: id, user_id: {first: [user.id, user.device]}, event_time: ts, \
          campaign_id: {path: campaign.name, default: none}, ad_id: campaign.ad, cost: cost, \
          channel: "params[key=channel].text", session_id: tags.session}
          """)
    case .conversion:
      Forms(
        entry: """
          kind: conversion, fields: {event_id: orderNumber, user_id: user.id, \
          event_time: {path: placed_seconds, unit: s}, value: total}
          """)
    case .cost:
      Forms(
        entry: "kind: cost, fields: {event_id: id, campaign_id: campaign, event_time: day_ms}")
    }
  }
}
