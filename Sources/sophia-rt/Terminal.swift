import Files
import Glibc

/// Standard error for what is not the result; a progress line that rewrites itself on a terminal and
/// becomes plain lines elsewhere. Every message goes through here and is escaped here: names out of
/// foreign files are in many of them.
struct Terminal {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var hasLine: Bool

  /// - hasLine: whether a progress line may stand there already.
  init(hasLine: Bool = false) { self.hasLine = hasLine && isTerminal }

  /// A line of its own.
  mutating func note(_ text: String) {
    clear()
    Self.write(text.asMessage + "\n", to: STDERR_FILENO)
  }

  /// A line of its own that ends in a text of a model, which may have several lines.
  mutating func note(_ text: String, quoting quoted: String) {
    clear()
    Self.write(text.asMessage + quoted.asTerminalText + "\n", to: STDERR_FILENO)
  }

  /// The progress line; `always` prints it as a plain line too where there is no terminal.
  mutating func progress(_ line: ProgressLine, always: Bool) {
    if isTerminal {
      // The size is asked for each time: the window may have another by now.
      Self.write("\r\u{1B}[2K" + line.fitted(to: Self.columns), to: STDERR_FILENO)
      hasLine = true
    } else if always {
      Self.write(line.text + "\n", to: STDERR_FILENO)
    }
  }

  /// The progress line of one part.
  mutating func progress(_ text: String, always: Bool) {
    progress(ProgressLine([text]), always: always)
  }

  /// The progress line of work that goes evenly, with the time that is left of it.
  mutating func progress(
    _ done: Int, of count: Int, _ what: String, since start: ContinuousClock.Instant
  ) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let left = seconds / Double(max(1, done)) * Double(count - done)
    progress(
      Format.share(done, of: count, what) + ", ETA " + Format.duration(left), always: false)
  }

  /// Removes the progress line.
  mutating func clear() {
    if hasLine { Self.write("\r\u{1B}[2K", to: STDERR_FILENO) }
    hasLine = false
  }

  /// Columns of the terminal at standard error now; 80 where it does not say.
  private static var columns: Int {
    var size = winsize()
    let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }

  /// All bytes of `text` to a descriptor; a closed pipe is the reader's choice, not an error.
  static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }
}

/// Numbers for people.
enum Format {
  /// `value` with `digits` decimals.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int64((abs(value) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + "\(scaled)" }
    let whole = scaled / Int64(scale)
    let part = String(scaled % Int64(scale))
    return sign + "\(whole)." + String(repeating: "0", count: digits - part.count) + part
  }

  /// Three significant digits in scientific notation: 1.23e-04.
  static func scientific(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return "\(value)" }
    var (mantissa, exponent) = (abs(value), 0)
    while mantissa >= 9.995 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.9995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return (value < 0 ? "-" : "") + fixed(mantissa, 2) + "e\(exponent)"
  }

  /// 12,345.
  static func grouped(_ value: Int) -> String {
    var digits = Array(String(abs(value)))
    var at = digits.count - 3
    while at > 0 {
      digits.insert(",", at: at)
      at -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
  }

  /// 1,200 of 4,000 questions.
  static func share(_ done: Int, of count: Int, _ what: String) -> String {
    "\(grouped(done)) of \(grouped(count)) \(what)"
  }

  /// 1:02:03 or 2:03.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let s = Int(max(0, seconds).rounded())
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return s >= 3600
      ? "\(s / 3600):\(two(s / 60 % 60)):\(two(s % 60))" : "\(s / 60):\(two(s % 60))"
  }
}
