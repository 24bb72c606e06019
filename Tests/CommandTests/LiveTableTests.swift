import Attribution
import Reporting
import Testing

@testable import tributary

@Suite("The live table")
struct LiveTableTests {
  private static let view = View(
    name: "campaign_10s", dimensions: [.campaignID], periodMilliseconds: 10_000)

  private func table(windows: Int, limit: Int? = nil, filter: String? = nil) -> LiveTable {
    LiveTable(
      view: Self.view, model: 0, models: [.lastTouch], currency: "EUR", windowCount: windows,
      rank: .clicks, filter: filter, limit: limit)
  }

  /// A board with one rollup for each name, clicks as given, all in one window of 1970.
  private func board(_ clicks: [String: Int64]) -> RollupBoard {
    var definitions = Definitions()
    definitions.views = [Self.view]
    var board = RollupBoard(definitions, partitionCount: 1)
    for (name, count) in clicks {
      var sums = RollupSums(modelCount: 1)
      sums.clicks = count
      sums.users = count
      let key = RollupKey(view: Self.view.name, dimensions: [name], windowStart: 20_000)
      board.apply(
        .rollup(
          Rollup(key: key, windowEnd: 30_000, sums: sums, revision: 1, watermark: 25_000)))
    }
    return board
  }

  private func text(_ table: LiveTable, _ board: RollupBoard, rows: Int? = nil) -> [String] {
    table.lines(board, now: 27_500, publicationRate: nil, rows: rows).map(\.text)
  }

  @Test("says so when there is nothing yet")
  func empty() {
    #expect(text(table(windows: 1), board([:])).last == "no rollups of campaign_10s yet")
  }

  @Test("tells how far time has come and which windows it sums")
  func header() {
    let lines = text(table(windows: 2), board(["c-1": 1]))
    #expect(
      lines[0] == "watermark 00:00:25Z  ·  final through –  ·  lag 2.5 s")
    #expect(lines[1].hasPrefix("campaign_10s  1970-01-01T00:00:10Z – 00:00:30Z  open"))
  }

  @Test("fits the rows that there are, and says how many it leaves out")
  func room() {
    let board = board(["c-1": 3, "c-2": 2, "c-3": 1, "c-4": 0])
    let lines = text(table(windows: 1), board, rows: 7)
    #expect(lines.count == 7)
    #expect(lines[3].hasPrefix("c-1"))
    #expect(lines[5] == "… 2 more")
    #expect(lines[6].hasPrefix("total"))
    #expect(text(table(windows: 1, limit: 1), board)[4] == "… 3 more")
  }

  @Test(
    "fits the columns that there are, and keeps what it is sorted by", arguments: [40, 60, 80, 120])
  func width(columns: Int) {
    var table = table(windows: 1)
    table.rank = .users
    let name = String(repeating: "long-name-", count: 5)
    let lines = table.lines(
      board([name: 1_234_567, "c-2": 2]), now: 27_500, publicationRate: 12_345, columns: columns
    ).map(\.text)
    #expect(lines.allSatisfy { $0.count <= columns }, "\(lines)")
    #expect(lines[2].contains("users ▼"))
    #expect(lines[2].contains("clicks"))
    #expect(lines[2].contains("cpc") == (columns == 120))
    #expect(lines[3].hasPrefix("long-na"))
    #expect(lines[0].hasPrefix("watermark 00:00:25Z"))
  }

  @Test("gives wide characters the two columns that they take", arguments: [40, 60, 120])
  func wideCharacters(columns: Int) {
    let names = ["広告キャンペーン-春のセール-2026", "🚀-launch", "e\u{301}te\u{301}", "plain"]
    let lines = table(windows: 1).lines(
      board(Dictionary(uniqueKeysWithValues: names.map { ($0, 7) })), now: 27_500,
      publicationRate: nil, columns: columns
    ).map(\.text)
    let widths = Set(lines[2...].map(TerminalText.width))
    #expect(widths.count == 1 && widths.first! <= columns, "\(lines)")
    #expect(TerminalText.width("広告") == 4 && TerminalText.width("🚀") == 2)
    #expect(TerminalText.width("e\u{301}") == 1 && TerminalText.width("❤\u{FE0F}") == 2)
    #expect(TerminalText.prefix("a広告", columns: 4) == "a広")
    #expect(
      TerminalText.printable("a\u{1B}[2J\u{202E}b\u{2028}") == "a\u{FFFD}[2J\u{FFFD}b\u{FFFD}")
  }

  @Test("shows only the names that are asked for, and their total")
  func filter() {
    let lines = text(table(windows: 1, filter: "C-1"), board(["c-1": 3, "c-2": 2, "xc-10": 1]))
    #expect(lines.filter { $0.contains("c-") }.map { $0.prefix(5) } == ["c-1  ", "xc-10"])
    #expect(lines.last?.split(separator: " ").dropFirst(2).first == "4")
  }

  @Test("sums no distinct counts over windows")
  func distincts() {
    #expect(text(table(windows: 1), board(["c-1": 1]))[2].contains("users"))
    #expect(!text(table(windows: 2), board(["c-1": 1]))[2].contains("users"))
  }

  @Test("lets no control character of a name reach the terminal")
  func controlCharacters() {
    let lines = text(table(windows: 1), board(["\u{1B}[2J": 1]))
    #expect(!lines.joined().unicodeScalars.contains("\u{1B}"))
  }

  @Test("writes numbers as a person reads them")
  func numbers() {
    #expect(
      [0, 999, 1_000, -1_234_567].map(NumberText.count) == ["0", "999", "1,000", "-1,234,567"])
    #expect(
      [0, 4_999, 5_000, 1_234_567_890, -5_000].map(NumberText.micros)
        == ["0.00", "0.00", "0.01", "1,234.57", "-0.01"])
    #expect(
      [-1_500, 59_999, 61_000, 3_661_000, 90_000_000].map(NumberText.duration)
        == ["-1.5 s", "59.9 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"])
  }
}
