import ArgumentParser
import Files
import Glibc

/// Standard output for results. When nobody reads it any more the command is to end: quietly, with
/// the status that a shell gives a program that SIGPIPE ended.
enum StandardOutput {
  private static let readerGone = ExitCode(128 + SIGPIPE)

  /// All of the text; ill-formed UTF-8 becomes U+FFFD. Throws the exit code if nobody reads, a
  /// ``FileError`` if it cannot be written.
  static func write(_ bytes: [UInt8]) throws { try write(String(decoding: bytes, as: UTF8.self)) }

  /// All of the text. Throws as the other one does.
  static func write(_ text: String) throws {
    var rest = Array(text.utf8)[...]
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
