/// Turns pieces of a story into bytes: sentences begin with a capital, and "a" or "an" is chosen
/// by the word that follows. What it writes next is a function of the pieces written before, so
/// that the writer and the parser, which share it, always agree.
struct StoryTypesetter {
  private var capital = true
  private var article = false
  private var last: UInt8 = 0x20
  private var beforeLast: UInt8 = 0x0A

  /// The next letter begins a sentence.
  mutating func beginSentence() { capital = true }

  /// The next word gets an indefinite article.
  mutating func beginArticle() { article = true }

  /// Sets a piece byte by byte; stops and says false as soon as the sink refuses one.
  mutating func set(_ piece: [UInt8], into sink: inout some StorySink) -> Bool {
    if article, !piece.isEmpty {
      article = false
      let words = StoryTypesetter.takesAn(piece) ? "an " : "a "
      for byte in words.utf8 where !set(byte, into: &sink) { return false }
    }
    for byte in piece where !set(byte, into: &sink) { return false }
    return true
  }

  private mutating func set(_ byte: UInt8, into sink: inout some StorySink) -> Bool {
    var byte = byte
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"):
      if capital { byte -= 0x20 }
      capital = false
    case UInt8(ascii: "A")...UInt8(ascii: "Z"):
      capital = false
    case UInt8(ascii: " "), UInt8(ascii: "\n"):
      // A sentence also ends at a full stop inside quotes, but not at `?"` or `!"`: "Who?" asked
      // Ann.
      let end = last == UInt8(ascii: "\"") ? beforeLast : last
      let quoted = last == UInt8(ascii: "\"")
      if end == UInt8(ascii: ".") || !quoted && (end == 0x21 || end == 0x3F) { capital = true }
    case UInt8(ascii: "\""):
      // An opening quote begins a sentence of its own, but not the second half of a broken one:
      // "Yes," said Ann, "we can."
      let opens = last == UInt8(ascii: " ") || last == UInt8(ascii: "\n")
      if opens && beforeLast != UInt8(ascii: ",") { capital = true }
    default: break
    }
    (beforeLast, last) = (last, byte)
    return sink.put(byte)
  }

  /// Whether a word takes "an": by its first letter, but for words whose spelling misleads.
  static func takesAn(_ word: [UInt8]) -> Bool {
    if silentH.contains(where: { word.starts(with: $0.utf8) }) { return true }
    if spokenConsonant.contains(where: { word.starts(with: $0.utf8) }) { return false }
    return "aeiouAEIOU".utf8.contains(word[0])
  }

  private static let silentH = ["hour", "hones", "heir"]
  private static let spokenConsonant = ["one", "use", "uni", "uku", "eu"]
}

/// Where set bytes go: a story being written, or a text being compared.
protocol StorySink {
  /// Takes one byte; false if it is not the expected one.
  mutating func put(_ byte: UInt8) -> Bool
}

/// A story being written.
struct StoryPage: StorySink {
  var bytes: [UInt8] = []

  mutating func put(_ byte: UInt8) -> Bool {
    bytes.append(byte)
    return true
  }
}

/// A text being compared, from a position on.
struct StoryReading: StorySink {
  let bytes: [UInt8]
  var position = 0

  mutating func put(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }
}
