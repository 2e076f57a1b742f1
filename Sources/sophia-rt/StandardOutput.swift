import ArgumentParser
import Files
import Glibc
import Synchronization

/// Standard output for results. A terminal gets control characters escaped, but tab and newline, so that a
/// text cannot command it; a pipe and a file get the bytes as they are. When nobody reads it any more the
/// command is to end: quietly, with the status that a shell gives a program that SIGPIPE ended.
enum StandardOutput {
  private static let readerGone = ExitCode(128 + SIGPIPE)
  private static let isTerminal = isatty(STDOUT_FILENO) == 1
  private static let isRaw = Atomic<Bool>(false)

  /// From now on a terminal too gets the bytes as they are.
  static func passControlCharacters() { isRaw.store(true, ordering: .relaxed) }

  /// All of the text; ill-formed UTF-8 becomes U+FFFD. Throws the exit code if nobody reads, a
  /// ``FileError`` if it cannot be written.
  static func write(_ bytes: [UInt8]) throws { try write(String(decoding: bytes, as: UTF8.self)) }

  /// All of the text. Throws as the other one does.
  static func write(_ text: String) throws {
    let escapes = isTerminal && !isRaw.load(ordering: .relaxed)
    var rest = Array((escapes ? text.asTerminalText : text).utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      switch (count, errno) {
      case (0..., _): rest = rest.dropFirst(count)
      case (_, EINTR): continue
      case (_, EAGAIN):
        var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        poll(&output, 1, -1)
      case (_, EPIPE): throw readerGone
      case (_, let code):
        throw FileError(operation: "write", path: "standard output", code: code)
      }
    }
  }

  /// Throws the exit code if standard output is a pipe that nobody reads any more: results that are
  /// not there yet need not be computed.
  static func requireReader() throws {
    var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    if poll(&output, 1, 0) > 0 && output.revents & Int16(POLLERR) != 0 { throw readerGone }
  }
}
