/// What stops a worker or the start, in one line: what is wrong, where, and what to do.
public struct PipelineError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
