/// What goes wrong with the disks of the machines.
extension SimulationRun {
  /// Ends everything at once, with or without the machines.
  mutating func killAll() {
    for slot in simulation.workers.all { simulation.kill(slot) }
    guard !simulation.disks.isEmpty, simulation.random.below(2) == 0 else { return }
    simulation.trace.note("the power goes")
    for disk in simulation.disks { disk.losePower() }
  }

  mutating func disturbDisks() {
    for (number, disk) in simulation.disks.enumerated() where happens(plan.copies!.disturbances) {
      guard let disturbance = disk.disturb() else { continue }
      simulation.counts.disturbances += 1
      simulation.trace.note("disk \(number): \(disturbance)")
    }
  }
}
