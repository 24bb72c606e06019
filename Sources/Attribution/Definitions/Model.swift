/// The attribution models of the contract, section 4.
public enum Model: String, CaseIterable, Codable, Sendable, Hashable {
  case firstTouch = "first_touch"
  case lastTouch = "last_touch"
  case linear = "linear"
  case timeDecay = "time_decay"
  case positionBased = "position_based"
  case lastNonDirect = "last_non_direct"
}
