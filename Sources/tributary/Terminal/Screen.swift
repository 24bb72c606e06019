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
  private var resizes: (any DispatchSourceSignal)?

  /// Whether standard output is a terminal that understands escape sequences.
  static var isAvailable: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  deinit { leave() }

  /// Takes the terminal.
  ///
  /// - Parameter onResize: called on some thread when the terminal's size has changed.
  func enter(onResize: @escaping @Sendable () -> Void) {
    let source = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
    source.setEventHandler(handler: onResize)
    source.resume()
    resizes = source
    isTaken.withLock { taken in
      taken = true
      Self.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
    }
  }

  /// Gives the terminal back as it was. Idempotent; from any thread.
  func leave() {
    isTaken.withLock { taken in
      if taken { Self.write("\u{1B}[?25h\u{1B}[?1049l") }
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

  /// The text, cut to so many columns, between the style's escape sequences.
  func escaped(columns: Int) -> String {
    let cut = text.prefix(columns)
    return switch style {
    case .plain: String(cut)
    case .bold: "\u{1B}[1m\(cut)\u{1B}[0m"
    case .dim: "\u{1B}[2m\(cut)\u{1B}[0m"
    case .inverse: "\u{1B}[7m\(cut)\u{1B}[0m"
    case .warning: "\u{1B}[33m\(cut)\u{1B}[0m"
    }
  }
}
