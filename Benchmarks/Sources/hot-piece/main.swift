import CAllocationCount
import HotPieces

// Usage: hot-piece NAME COUNT. Does a piece COUNT times and prints how many allocations that took; run
// it under callgrind with two counts, and the difference is the piece's own instructions.

let arguments = CommandLine.arguments
guard arguments.count == 3, let piece = HotPiece(rawValue: arguments[1]),
  let count = Int(arguments[2])
else {
  print("usage: hot-piece \(HotPiece.allCases.map(\.rawValue).joined(separator: "|")) COUNT")
  throw Usage()
}
let run = piece.makeRun()
let before = allocation_count()
let result = run.run(count)
print(allocation_count() - before, result)

struct Usage: Error {}
