import Glibc
import Testing

/// A terminal for a process under test: what the process writes to it can be read here.
final class PseudoTerminal {
  private var controller: Int32
  private var held: Int32
  /// Where the process opens it.
  private(set) var path = ""

  /// - columns: its width; 0 where it does not say.
  init(columns: Int) throws {
    var name = [CChar](repeating: 0, count: 64)
    // Both ends stay open until the process has it: a terminal that nobody has open is at its end.
    (controller, held) = (-1, -1)
    try #require(openpty(&controller, &held, &name, nil, nil) == 0)
    for end in [controller, held] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
