import Attribution

extension IdentitySecret {
  /// The same every time, so that a seed's run can be repeated. No secret.
  public static let test = IdentitySecret((0..<32).map { UInt8(7 &* $0 &+ 3) })!
}
