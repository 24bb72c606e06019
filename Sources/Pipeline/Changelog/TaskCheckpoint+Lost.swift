import Codec

extension TaskCheckpoint {
  /// So many ranges a progress record holds; of more the oldest are told as one.
  private static let mostLost = 100

  /// Adds what was found to be lost.
  mutating func add(_ range: LostRange) {
    lost.append(range)
    guard lost.count > Self.mostLost,
      let first = lost.indices.first(where: { index in
        lost[(index + 1)...].contains {
          $0.topic == lost[index].topic && $0.partition == lost[index].partition
        }
      }),
      let second = lost[(first + 1)...].firstIndex(where: {
        $0.topic == lost[first].topic && $0.partition == lost[first].partition
      })
    else { return }
    lost[first].to = lost[second].to
    lost[first].before = lost[second].before
    lost.remove(at: second)
  }
}
