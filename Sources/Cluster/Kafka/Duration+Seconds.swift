extension Duration {
  /// Whole seconds, for people.
  package var inSeconds: Int64 { components.seconds }
}
