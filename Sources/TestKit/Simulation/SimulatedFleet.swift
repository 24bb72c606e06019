/// The slots of all workers, by stage.
package struct SimulatedFleet {
  package let attribution: [WorkerSlot]
  package let rollups: [WorkerSlot]
  /// Empty if no input is re-keyed.
  package let rekeyers: [WorkerSlot]

  init(attribution: Int, rollups: Int, rekeyers: Int) {
    self.attribution = (0..<attribution).map { WorkerSlot(.attribution, $0) }
    self.rollups = (0..<rollups).map { WorkerSlot(.rollups, $0) }
    self.rekeyers = (0..<rekeyers).map { WorkerSlot(.rekey, $0) }
  }

  package var all: [WorkerSlot] { attribution + rollups + rekeyers }
}
