import Files
import Synchronization

/// Lines of a JSON lines file that were not read as they are written.
struct BadLines: Equatable {
  /// How many, and the first one's number.
  struct Lines: Equatable {
    private(set) var count = 0
    private(set) var first = 0

    mutating func add(_ number: Int) {
      if count == 0 { first = number }
      count += 1
    }

    /// "3 lines (the first is line 7)"
    var description: String {
      count == 1 ? "1 line (line \(first))" : "\(count) lines (the first is line \(first))"
    }
  }

  /// Those that are no JSON object with a text.
  var skipped = Lines()
  /// Those with a lone surrogate, which became U+FFFD.
  var replaced = Lines()
}

/// Collects what readers of JSON lines files skipped and replaced, to be told at the end. Files are
/// read more than once; each counts once.
public final class BadLineLog: Sendable {
  private let files = Mutex<[(path: String, lines: BadLines)]>([])

  /// An empty one.
  public init() {}

  /// Takes what was found in a file, in place of what an earlier reading of it found.
  func record(_ lines: BadLines, in path: String) {
    files.withLock { files in
      files.removeAll { $0.path.utf8.elementsEqual(path.utf8) }
      if lines != BadLines() { files.append((path, lines)) }
    }
  }

  /// A line for each file in which there was something, for the user.
  public var notices: [String] {
    files.withLock { files in
      files.map { path, lines in
        let said = [
          lines.skipped.count > 0
            ? "skipped \(lines.skipped.description) without a JSON object and its text" : nil,
          lines.replaced.count > 0
            ? "replaced lone surrogates by U+FFFD in \(lines.replaced.description)" : nil,
        ]
        return "\(path.onOneLine): \(said.compactMap { $0 }.joined(separator: "; "))"
      }
    }
  }
}
