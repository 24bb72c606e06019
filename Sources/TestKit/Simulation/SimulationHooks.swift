import Configuration

/// What a test or a run changes in a simulation.
package struct SimulationHooks {
  /// The process that makes this call next is killed at it.
  package var killsNext: LogCall?
  /// Called at every call to the cluster; throws the error that the call fails with.
  package var onCall: ((LogCall) throws -> Void)?
  /// The configuration of a worker that starts in a slot; nil for the simulation's own.
  package var configurationOf: ((WorkerSlot) -> Configuration?)?
  /// Whether the cluster answers questions some time later, not at once.
  var answersLate = false
}
