/// Cuts bytes, as they arrive, into lines: at `\n`, the last one also at the end of the file. A
/// `\r` before the `\n` stays; JSON skips it.
struct LineSplitter {
  private let maxLineBytes: Int
  private var bytes: [UInt8] = []
  /// Start of the next line in `bytes`.
  private var start = 0
  /// From here on no line break was looked for.
  private var searched = 0
  /// Number of the last line handed out, from 1.
  private(set) var lineNumber = 0

  /// Lines of at most `maxLineBytes`.
  init(maxLineBytes: Int) { self.maxLineBytes = maxLineBytes }

  /// Takes more of the file; call when `next` has no line left.
  mutating func append(_ more: UnsafeRawBufferPointer) {
    bytes.removeSubrange(..<start)
    (start, searched) = (0, searched - start)
    bytes.append(contentsOf: more)
  }

  /// Whether the next line is longer than allowed, or will be.
  private(set) var isLineTooLong = false

  /// The next complete line, without its `\n`; nil if there is none, or it is too long. `atEnd` says that
  /// the file is at its end, so that what is left is a line.
  mutating func next(atEnd: Bool) -> Range<Int>? {
    let found = bytes.withUnsafeBufferPointer { $0[searched...].firstIndex(of: UInt8(ascii: "\n")) }
    guard let end = found ?? (atEnd && start < bytes.count ? bytes.count : nil) else {
      searched = bytes.count
      isLineTooLong = searched - start > maxLineBytes
      return nil
    }
    isLineTooLong = end - start > maxLineBytes
    if isLineTooLong { return nil }
    let line = start..<end
    start = min(end + 1, bytes.count)
    searched = start
    lineNumber += 1
    return line
  }

  /// The bytes of a line that `next` has just returned.
  func bytes(of line: Range<Int>) -> [UInt8] { Array(bytes[line]) }
}
