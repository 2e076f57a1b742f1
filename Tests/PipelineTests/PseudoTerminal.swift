import Glibc
import Testing

/// A terminal for a process under test: what the process writes to it can be read here.
final class PseudoTerminal {
  private let controller: Int32
  private var held: Int32
  /// Where the process opens it.
  let path: String

  /// - columns: its width; 0 where it does not say.
  init(columns: Int) throws {
    controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(controller >= 0 && grantpt(controller) == 0 && unlockpt(controller) == 0)
    path = String(cString: ptsname(controller))
    // Held open until the process has it: a terminal that nobody has open is at its end.
    held = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(held >= 0)
    try resize(columns: columns)
  }

  deinit {
    release()
    close(controller)
  }

  /// Gives it another width.
  func resize(columns: Int) throws {
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(controller, UInt(TIOCSWINSZ), &size) == 0)
  }

  private func release() {
    if held >= 0 { close(held) }
    held = -1
  }

  /// What is written to it next, some bytes; empty once every process has closed it.
  func next() -> [UInt8] {
    release()
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = read(controller, &chunk, chunk.count)
    return Array(chunk[..<max(0, count)])
  }

  /// Everything that is still written to it.
  func rest() -> [UInt8] {
    var all: [UInt8] = []
    while case let chunk = next(), !chunk.isEmpty { all += chunk }
    return all
  }
}
