/// Makes answers about as large as the client has asked for: a batch of each partition is always whole.
///
/// `noida-db` answers with everything that a partition holds, however little was asked for. What is too
/// much stays here until the client comes for it.
struct FetchLeftovers {
  private var rests: [FetchedPartition.Name: (offset: Int64, partition: FetchedPartition)] = [:]

  /// Answers from what is left, without the broker; nil if nothing of what is wanted is here.
  mutating func answer(
    to number: Int32, version: Int16, _ request: FetchRequest
  ) -> FetchAnswer? {
    guard !rests.isEmpty else { return nil }
    var found: [FetchedPartition] = []
    for wanted in request.partitions {
      guard let (offset, partition) = rests.removeValue(forKey: wanted.name),
        offset == wanted.offset
      else { continue }
      found.append(partition)
    }
    guard !found.isEmpty else { return nil }
    var answer = FetchAnswer(to: number, version: version, found)
    keepWhatIsTooMuch(of: &answer, for: request)
    return answer
  }

  /// Cuts an answer to the sizes of its request, and keeps the rest.
  mutating func keepWhatIsTooMuch(of answer: inout FetchAnswer, for request: FetchRequest) {
    let limits = Dictionary(
      request.partitions.map { ($0.name, $0.limit) }, uniquingKeysWith: { $1 })
    var left = request.limit
    for index in answer.partitions.indices {
      let name = answer.partitions[index].name
      let limit = min(left, limits[name] ?? left)
      if let rest = answer.partitions[index].cut(limit: limit) {
        rests[name] = (rest.offset, rest.rest)
      }
      left = max(0, left - answer.partitions[index].records.count)
    }
  }
}
