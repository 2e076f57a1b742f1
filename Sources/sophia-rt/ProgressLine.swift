import Files

/// A progress line: parts with two spaces between them. On a narrow terminal the least important ones
/// are left out, so that the line stays one and can be rewritten.
struct ProgressLine {
  private let parts: [(text: String, rank: Int)]

  /// - parts: in their order on the line, each with its rank: the highest is left out first.
  init(_ parts: [(String, Int)]) { self.parts = parts.map { ($0.0.asMessage, $0.1) } }

  /// Parts of one rank, of which the last is left out first.
  init(_ parts: [String]) { self.init(parts.map { ($0, 0) }) }

  /// All parts.
  var text: String { Self.joined(parts.map(\.text)) }

  /// As many parts as fit before the last column, where some terminals begin a new line; of a single
  /// part that is longer, its beginning.
  func fitted(to columns: Int) -> String {
    let room = max(1, columns - 1)
    var kept = parts
    while kept.count > 1, Self.width(Self.joined(kept.map(\.text))) > room,
      let last = kept.indices.max(by: { kept[$0].rank <= kept[$1].rank })
    {
      kept.remove(at: last)
    }
    var (line, width) = ("", 0)
    for scalar in Self.joined(kept.map(\.text)).unicodeScalars {
      width += Self.width(scalar)
      if width > room { break }
      line.unicodeScalars.append(scalar)
    }
    return line
  }

  private static func joined(_ parts: [String]) -> String { parts.joined(separator: "  ") }

  private static func width(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width($1) }
  }

  /// Columns at most: from Hangul on, where the wide scripts and pictures are, two.
  private static func width(_ scalar: Unicode.Scalar) -> Int { scalar.value < 0x1100 ? 1 : 2 }
}
