import Files
import Testing

@testable import Tokenization

/// The files beside the tests, and GPT-2's own where the machine has them.
enum Fixtures {
  static let folder: String = {
    let file = #filePath
    return String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]) + "/Fixtures"
  }()

  /// `../shared/gpt2` beside the package, which most machines lack.
  static let gpt2: String? = {
    let folder = Self.folder + "/../../../../shared/gpt2"
    return LocalFileSystem().exists(folder + "/encodings.jsonl") ? folder : nil
  }()

  static func bytes(_ name: String) throws -> [UInt8] {
    try LocalFileSystem().readBytes("\(folder)/\(name)", limit: 1 << 24)
  }

  static func tokenizer() throws -> Tokenizer { try .load(directory: folder) }

  /// The texts of `corpus.jsonl`, which the fixture's vocabulary was trained on.
  static func corpus() throws -> [[UInt8]] {
    try lines(bytes("corpus.jsonl"), name: "corpus.jsonl").map {
      Array(try #require($0["text"]?.stringValue).utf8)
    }
  }

  static func lines(_ bytes: [UInt8], name: String) throws -> [JSON] {
    try bytes.split(separator: 0x0A).map { try JSON(parsing: Array($0), name: name) }
  }
}

/// A text and the ids that Hugging Face `tokenizers` gives it.
struct Encoding {
  let text: String
  let ids: [UInt32]

  init(_ json: JSON) throws {
    text = try #require(json["text"]?.stringValue)
    ids = try #require(json["ids"]?.arrayValue).map { UInt32(try #require($0.intValue)) }
  }
}

/// A small generator of repeatable random numbers (xorshift64).
struct TestRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }

  mutating func bytes(_ count: Int, in range: ClosedRange<UInt8> = 0...255) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: range, using: &self) }
  }
}
