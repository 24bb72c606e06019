import Attribution
import Codec

/// Sums of windows by record key.
struct WindowSums {
  /// One window of one view and combination of names.
  struct Window: Sendable {
    /// The rollup's record key.
    var key: [UInt8]
    var view: Int
    var start: Milliseconds
  }

  private(set) var windows: [Window] = []
  private var cells: [Int128] = []
  private var rows: [[UInt8]: Int] = [:]
  private let width: Int

  /// - Parameter modelCount: of the definitions.
  init(modelCount: Int) { width = SumsLayout(modelCount: modelCount).width }

  /// The sums of a window, in the order of `SumsLayout`; zeros where nothing was added.
  subscript(key: [UInt8]) -> [Int128] {
    rows[key].map { Array(cells[$0 * width..<($0 + 1) * width]) }
      ?? Array(repeating: 0, count: width)
  }

  mutating func add(_ sums: some Collection<Int128>, to window: Window) {
    let row = row(of: window)
    for (column, value) in sums.enumerated() { cells[row * width + column] += value }
  }

  mutating func set(_ sums: some Collection<Int128>, of window: Window) {
    let row = row(of: window)
    for (column, value) in sums.enumerated() { cells[row * width + column] = value }
  }

  private mutating func row(of window: Window) -> Int {
    if let row = rows[window.key] { return row }
    rows[window.key] = windows.count
    windows.append(window)
    cells.append(contentsOf: repeatElement(0, count: width))
    return windows.count - 1
  }
}
