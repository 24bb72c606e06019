import Attribution
import Foundation
import Logging
import Readers

/// Shows a live table: redrawn in place on a terminal, printed every few seconds elsewhere.
final class LiveDisplay {
  private static let redraw = Duration.milliseconds(400)
  private static let snapshot = Duration.seconds(5)

  private let table: LiveTable
  private let title: String?
  private let screen: Screen?
  private let warning: LastWarning?
  private var lastShown: ContinuousClock.Instant?
  private var lastSize: Screen.Size?

  /// - Parameters:
  ///   - title: a line above the table; nil for none.
  ///   - screen: nil prints snapshots.
  ///   - warning: what to show below the table.
  init(_ table: LiveTable, title: String? = nil, screen: Screen?, warning: LastWarning?) {
    self.table = table
    self.title = title
    self.screen = screen
    self.warning = warning
    // The first snapshot waits for something to show.
    if screen == nil { lastShown = .now }
  }

  /// Takes in what the feed has and shows it, until `isOver`.
  ///
  /// - Parameter isSilent: whether nothing is shown.
  func run(
    _ feed: RollupFeed, isSilent: Bool = false, until isOver: () throws -> Bool
  ) throws {
    screen?.draw([StyledLine("reading the rollups …", .dim)])
    while try !isOver() {
      let hasNews = try feed.advance()
      // Not while the topic's past is being read: half of it means nothing.
      if !isSilent, isDue, feed.isCaughtUp { try show(feed) }
      if !hasNews { feed.wait(milliseconds: 100) }
    }
  }

  /// Shows the table as it is.
  func show(_ feed: RollupFeed) throws {
    let now = Milliseconds(Date().timeIntervalSince1970 * 1_000)
    lastShown = .now
    guard let screen else {
      let columns = Screen.isAvailable ? Screen().size.columns : nil
      let lines = table.lines(
        feed.board, now: now, publicationRate: feed.publicationRate(), columns: columns)
      try StandardOutput.print(lines.map(\.text).joined(separator: "\n") + "\n")
      return
    }
    let size = screen.size
    lastSize = size
    var lines = title.map { [StyledLine($0, .dim)] } ?? []
    let notice = warning?.text
    lines += table.lines(
      feed.board, now: now, publicationRate: feed.publicationRate(),
      rows: size.rows - lines.count - (notice == nil ? 0 : 1), columns: size.columns)
    if let notice { lines.append(StyledLine(notice, .warning)) }
    screen.draw(lines)
  }

  private var isDue: Bool {
    guard let lastShown else { return true }
    if let screen, screen.wasAway() || screen.size != lastSize { return true }
    return lastShown.duration(to: .now) >= (screen == nil ? Self.snapshot : Self.redraw)
  }
}
