import Foundation

/// A line on standard error that says how far a long task has come; silent without a terminal.
final class ProgressBar {
  private let total: Int
  private let unit: String
  private let began = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private let isTerminal = isatty(STDERR_FILENO) == 1

  init(total: Int, unit: String) {
    self.total = total
    self.unit = unit
  }

  func show(_ done: Int) {
    guard isTerminal, lastShown.duration(to: .now) > .milliseconds(100) else { return }
    lastShown = .now
    let fraction = total > 0 ? min(1, Double(done) / Double(total)) : 0
    let filled = Int(fraction * 30)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    let seconds = began.duration(to: .now) / .seconds(1)
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? max(0, Double(total - done)) / rate : 0
    write(
      String(
        format: "\r%@ %3.0f%%  %d %@  %.0f/s  %.0f s left\u{1B}[K", bar, fraction * 100, done, unit,
        rate, left))
  }

  func end() {
    if isTerminal { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) { StandardError.write(text) }
}
