/// A word of a text and where it stands, for the checker.
struct StoryWord: Equatable {
  var text: String
  /// The paragraph it is in, from 0; in a text of a single paragraph the first three sentences
  /// count as the first, the rest as the second.
  var paragraph: Int
  /// It follows a full stop or a quote, or begins the text.
  var beginsSentence: Bool

  var isCapitalized: Bool {
    guard let first = text.utf8.first else { return false }
    return first >= 0x41 && first <= 0x5A
  }

  var isDeterminer: Bool { StoryWord.determiners.contains(text.lowercased()) }

  private static let determiners = Set(
    [
      "a", "an", "the", "my", "your", "his", "her", "its", "our", "their", "this", "that", "these",
      "those",
    ])

  /// The words of a text: runs of ASCII letters.
  static func words(of text: String) -> [StoryWord] {
    var words: [StoryWord] = []
    var (letters, paragraph, sentences, begins): ([UInt8], Int, Int, Bool) = ([], 0, 0, true)
    let bytes = Array(text.utf8)
    let hasParagraphs = bytes.drop { $0 == 0x0A }.contains(0x0A)
    for byte in bytes + [0x20] {
      if byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A {
        letters.append(byte)
        continue
      }
      if !letters.isEmpty {
        let text = String(decoding: letters, as: UTF8.self)
        words.append(StoryWord(text: text, paragraph: paragraph, beginsSentence: begins))
        (letters, begins) = ([], false)
      }
      switch byte {
      case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"):
        (sentences, begins) = (sentences + 1, true)
        if !hasParagraphs, sentences == 3 { paragraph = 1 }
      case UInt8(ascii: "\n") where !words.isEmpty:
        begins = true
        if hasParagraphs, words.last?.paragraph == paragraph { paragraph += 1 }
      case UInt8(ascii: "\""): begins = true
      default: break
      }
    }
    return words
  }
}
