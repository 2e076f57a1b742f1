import Files
public import Tokenization

/// A byte-level tokenizer of 256 bytes, these merges of two characters each (of printable ASCII),
/// `filler` tokens that never come out of text, and `<|endoftext|>`.
public func testTokenizer(
  merges: [String] = ["he", "in", "an", "or"], filler: Int = 0, endOfText: Bool = true
) throws -> Tokenizer {
  // GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes for U+0100 and so on.
  let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
  let others = (0..<256).filter { !printable.contains($0) }
  let scalars = printable + others.indices.map { 256 + $0 }
  var tokens = scalars.map { String(UnicodeScalar(UInt16($0)).map(Character.init) ?? " ") }
  tokens += merges
  tokens += (0..<filler).map { "filler\($0)" }
  if endOfText { tokens.append("<|endoftext|>") }
  let members = tokens.enumerated().map { JSONMember($1, .integer($0)) }
  let lines = merges.map { merge in merge.map(String.init).joined(separator: " ") }
  return try Tokenizer(
    vocabulary: JSON.object(members).serialized(),
    merges: Array(lines.joined(separator: "\n").utf8),
    directory: "test")
}
