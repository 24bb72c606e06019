/// The candidate that `text` was probably meant to be: the nearest by edit distance when at most a
/// third of it is wrong, without regard to case and to `-`, `_` and `.`.
func suggestion(for text: String, among candidates: [String]) -> String? {
  let wanted = bareCharacters(of: text)
  guard !wanted.isEmpty, wanted.count <= 100 else { return nil }
  var best: (candidate: String, distance: Int)?
  for candidate in candidates {
    let distance = editDistance(wanted, bareCharacters(of: candidate))
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  guard let best, best.distance <= max(1, wanted.count / 3) else { return nil }
  return best.candidate
}

private func bareCharacters(of text: String) -> [Character] {
  text.lowercased().filter { !"-_.".contains($0) }
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...right.count)
  for row in left.indices {
    var current = [row + 1]
    for column in right.indices {
      var distance = min(
        previous[column] + (left[row] == right[column] ? 0 : 1),
        previous[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        distance = min(distance, beforePrevious[column - 1] + 1)
      }
      current.append(distance)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.count]
}
