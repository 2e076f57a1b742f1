public import Dataset
public import Files

/// A passage whose last word is to be guessed from all of it before: LAMBADA (Paperno et al. 2016),
/// cut as lm-evaluation-harness cuts it.
public struct LastWordPassage: Sendable, Equatable {
  /// Everything before the last space.
  public let context: String
  /// The last space and what follows it.
  public let word: String
  /// File and line, for messages.
  public let place: String

  /// A line `{"text": …}`. Throws ``DatasetError`` if it has no text, or an empty one.
  public init(_ line: JSONLine) throws(DatasetError) {
    place = line.place
    let text = try line.string("text")
    if text.isEmpty {
      throw DatasetError(.malformed, at: place, "expected text as \"text\", found none")
    }
    let scalars = text.unicodeScalars
    let space = scalars.lastIndex(of: " ")
    context = space.map { String(scalars[..<$0]) } ?? ""
    word = " " + (space.map { String(scalars[scalars.index(after: $0)...]) } ?? text)
  }

  /// The passages of a file. Throws ``DatasetError``.
  public static func read(
    _ path: String, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) -> [LastWordPassage] {
    var passages: [LastWordPassage] = []
    for line in try JSONLine.read(path, fileSystem: fileSystem) {
      passages.append(try LastWordPassage(line))
    }
    return passages
  }
}
