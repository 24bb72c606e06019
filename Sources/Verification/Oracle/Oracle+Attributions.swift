import Attribution

extension Oracle {
  /// Who gets the credit for every accepted conversion, by its event id. Credits and revenues are in
  /// the order of the definitions' models.
  public func attributions() -> [ByteString: OracleAttribution] {
    var attributions: [ByteString: OracleAttribution] = [:]
    forEachJourney { journey in
      attributions[ByteString(names[journey.conversion.eventID])] = OracleAttribution(
        value: journey.conversion.amount, time: journey.conversion.time,
        userID: names[journey.conversion.userID],
        touches: journey.touches.map { touch in
          OracleTouch(
            kind: touch.kind, time: touch.time, eventID: names[touch.eventID],
            campaignID: names[touch.campaign], channel: names[touch.channel],
            adID: names[touch.ad])
        },
        credits: journey.credits, revenues: journey.revenues, isTruncated: journey.isTruncated)
    }
    let none = definitions.models.map { _ in [Int64]() }
    for conversion in conversions where conversion.isDeleted {
      attributions[ByteString(names[conversion.eventID])] = OracleAttribution(
        value: 0, time: conversion.time, userID: names[conversion.userID], touches: [],
        credits: none, revenues: none, isDeleted: true)
    }
    return attributions
  }
}
