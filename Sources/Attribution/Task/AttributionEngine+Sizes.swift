/// What is remembered, in entries and bytes.
extension AttributionEngine {
  var busyUserCount: Int { journeys.busyUserCount }

  var size: StateSize {
    StateSize(
      identityCount: identities.count, identityBytes: identities.byteCount,
      recordCount: journeys.recordCount, userCount: journeys.userCount,
      tupleCount: journeys.tuples.count,
      journeyBytes: journeys.byteCount)
  }

  var byteCount: Int {
    identities.byteCount + journeys.byteCount + versions.byteCount + costs.byteCount
  }

  var memory: [StoreSize] {
    [
      StoreSize(name: "identities", entries: 0, bytes: identities.byteCount),
      StoreSize(name: "versions", entries: 0, bytes: versions.byteCount),
      StoreSize(name: "costs", entries: 0, bytes: costs.byteCount),
      StoreSize(
        name: "touches", entries: 0, bytes: journeys.byteCount - journeys.userBytes),
      StoreSize(name: "users", entries: 0, bytes: journeys.userBytes),
      StoreSize(name: "placements", entries: 0, bytes: journeys.tuples.byteCount),
      StoreSize(name: "deltas", entries: 0, bytes: ledger.deltas.byteCount),
    ]
  }

  var stores: [StoreSize] {
    [
      StoreSize(
        name: "identities", entries: identities.count, bytes: identities.byteCount),
      StoreSize(name: "journeys", entries: journeys.recordCount, bytes: journeys.byteCount),
    ]
  }
}
