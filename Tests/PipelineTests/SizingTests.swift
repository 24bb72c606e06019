import Attribution
import Testing

@testable import Pipeline

/// `size`: the formulas by worked numbers.
@Suite struct SizingTests {
  private static let gigabyte = 1_073_741_824.0

  @Test func aBillionEventsADayWithTheDefaults() {
    var load = Sizing.Load(eventsPerDay: 1e9)
    load.users = 5_000_000
    let size = Sizing(load, Definitions())
    // 24 h and 10 min of ids; 30 min more of touches that can earn credit, 5 min of the others.
    #expect(abs(size.ids - 1e9 * 1_450 / 1_440) < 1)
    #expect(abs(size.touches - (0.9e9 * 1_480 + 0.1e9 * 1_455) / 1_440) < 1)
    #expect(size.users == 5_000_000)
    // Two views of 5 min: 290 windows and the one at the edge.
    #expect(size.openRollups == 2 * 291 * 1_000)
    let bytes = size.ids * 32 + size.touches * 40 + 5e6 * 23 + 582_000 * 80
    #expect(abs(size.state - bytes) < 1)
    #expect(abs(size.peakRate - 34_722) < 1)
    #expect(abs(size.cores - 0.0637) < 0.001)
    // 68 GiB in instances that keep 12 GiB less 300 MiB each.
    #expect(size.instances == 6)
    // Each restores 64 million entries.
    #expect(size.partitions == 16)
    #expect(size.restoreSeconds < 60)
    #expect(size.memoryPerInstance < 16 * Self.gigabyte)
    #expect(abs(size.inputDisk - 1e9 * 180 * 7 * 3) < 1)
  }

  @Test func aHundredBillionADayAreMany() {
    var instance = Sizing.Instance()
    instance.memory = 256 * Self.gigabyte
    instance.cores = 32
    let size = Sizing(Sizing.Load(eventsPerDay: 100e9), Definitions(), on: instance)
    #expect((20...60).contains(size.instances))
    #expect(size.partitions >= size.instances)
    #expect(size.memoryPerInstance <= instance.memory)
    #expect(size.restoreSeconds <= 60)
  }

  @Test func everyNumberGrowsWithTheLoad() {
    var former = Sizing(Sizing.Load(eventsPerDay: 1), Definitions())
    #expect(former.instances == 1 && former.partitions == 4)
    for exponent in 1...11 {
      var load = Sizing.Load(eventsPerDay: 1)
      for _ in 0..<exponent { load.eventsPerDay *= 10 }
      let size = Sizing(load, Definitions())
      #expect(size.state > former.state && size.cores > former.cores)
      #expect(size.partitions >= former.partitions && size.instances >= former.instances)
      #expect(size.stateDisk > former.stateDisk && size.inputDisk > former.inputDisk)
      former = size
    }
  }

  @Test func aLongerLookbackNeedsMoreAndCountsOnlyKindsThatEarnCredit() {
    var definitions = Definitions()
    definitions.impressionLookback = 30 * 86_400_000
    let load = Sizing.Load(eventsPerDay: 1e8)
    let clicks = Sizing(load, definitions)
    definitions.touchKinds = [.click, .impression]
    let both = Sizing(load, definitions)
    #expect(abs(both.touches - clicks.touches - 0.9 * 1e8 * (30 - 1 / 48)) < 1)
    #expect(both.touches > 25 * clicks.touches)
    // State on disk goes back as far as the touches do.
    #expect(both.stateDisk > 20 * clicks.stateDisk)
  }
}
