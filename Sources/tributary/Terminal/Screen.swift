// Safety: `@unchecked Sendable` because whether the screen is taken is behind a mutex; the size is
// asked from the terminal each time.

import Foundation
import Synchronization

/// The terminal as a page that is drawn over and over, on its alternate screen: what was there before
/// comes back when the page is left.
final class Screen: @unchecked Sendable {
  /// Columns and rows.
  struct Size: Equatable {
    var columns: Int
    var rows: Int
  }

  private let isTaken = Mutex(false)
  private let wasPaused = Atomic(false)
  private var resizes: (any DispatchSourceSignal)?
  private var pauses: (any DispatchSourceSignal)?

  /// Whether standard output is a terminal that understands escape sequences.
  static var isAvailable: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  deinit { leave() }

  /// Takes the terminal. Ctrl-Z gives it back until the process goes on.
  ///
  /// - Parameter onResize: called on some thread when the page must be drawn anew.
  func enter(onResize: @escaping @Sendable () -> Void) {
    let source = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
    source.setEventHandler(handler: onResize)
    source.resume()
    resizes = source
    signal(SIGTSTP, SIG_IGN)
    let pauses = DispatchSource.makeSignalSource(signal: SIGTSTP, queue: .global())
    pauses.setEventHandler { [unowned self] in
      pause()
      onResize()
    }
    pauses.resume()
    self.pauses = pauses
    isTaken.withLock { taken in
      taken = true
      Self.write(Self.takeOver)
    }
  }

  private static let takeOver = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J"
  private static let giveBack = "\u{1B}[?25h\u{1B}[?1049l"

  /// Stops the process as the terminal asked; returns when it goes on. Nobody draws meanwhile.
  private func pause() {
    isTaken.withLock { taken in
      if taken { Self.write(Self.giveBack) }
      // The others of the foreground have their own signal.
      raise(SIGSTOP)
      if taken { Self.write(Self.takeOver) }
    }
    wasPaused.store(true, ordering: .relaxed)
  }

  /// Whether the page was away since this was asked last.
  func wasAway() -> Bool { wasPaused.exchange(false, ordering: .relaxed) }

  /// Gives the terminal back as it was. Idempotent; from any thread.
  func leave() {
    isTaken.withLock { taken in
      if taken { Self.write(Self.giveBack) }
      taken = false
    }
  }

  /// The terminal's size now; 80 × 24 when it does not tell.
  var size: Size {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
    else { return Size(columns: 80, rows: 24) }
    return Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// Draws over the whole page. Lines beyond its size are cut off.
  func draw(_ lines: [StyledLine]) {
    let size = size
    var page = "\u{1B}[H"
    for (index, line) in lines.prefix(size.rows).enumerated() {
      if index > 0 { page += "\r\n" }
      page += line.escaped(columns: size.columns) + "\u{1B}[K"
    }
    page += "\u{1B}[J"
    isTaken.withLock { taken in
      if taken { Self.write(page) }
    }
  }

  /// All of it, in as few calls as the terminal takes.
  private static func write(_ text: String) {
    var rest = ArraySlice(text.utf8)
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written < 0 {
        guard errno == EINTR || errno == EAGAIN else { return }
        continue
      }
      rest = rest.dropFirst(written)
    }
  }
}

/// One line of a page, in one style throughout.
struct StyledLine {
  enum Style {
    case plain, bold, dim, inverse, warning
  }

  var text: String
  var style = Style.plain

  init(_ text: String, _ style: Style = .plain) {
    self.text = text
    self.style = style
  }

  /// Whether colors are wanted (https://no-color.org): what is not a color stays.
  private static let hasColor =
    ProcessInfo.processInfo.environment["NO_COLOR"].map(\.isEmpty) ?? true

  /// The text, cut to so many columns, between the style's escape sequences.
  func escaped(columns: Int) -> String {
    let cut = TerminalText.prefix(text, columns: columns)
    return switch style {
    case .plain: String(cut)
    case .bold: "\u{1B}[1m\(cut)\u{1B}[0m"
    case .dim: "\u{1B}[2m\(cut)\u{1B}[0m"
    case .inverse: "\u{1B}[7m\(cut)\u{1B}[0m"
    case .warning: Self.hasColor ? "\u{1B}[33m\(cut)\u{1B}[0m" : "\u{1B}[1m\(cut)\u{1B}[0m"
    }
  }
}
