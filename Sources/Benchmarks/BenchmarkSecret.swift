import Attribution

extension IdentitySecret {
  /// The same every time, so that every run does the same work.
  package static let ofBenchmarks = IdentitySecret((0..<32).map { UInt8($0) })!
}
