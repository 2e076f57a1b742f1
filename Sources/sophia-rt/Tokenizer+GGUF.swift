import Checkpoints
import Tokenization

extension Tokenizer {
  /// The tokenizer as llama.cpp wants it in a GGUF file's metadata (llama-vocab.cpp): model `gpt2`,
  /// GPT-2's pattern, tokens and merges spelled as in `vocab.json` and `merges.txt`.
  /// - rows: those of the token embedding; where there are more than tokens, the rest get names that
  ///   no text spells, and are marked unused
  /// - Throws: `.invalid` without `<|endoftext|>`: llama.cpp would end texts at token 11
  func ggufMetadata(rows: Int, directory: String) throws(CheckpointError) -> [GGUFMember] {
    guard let end = endOfText else {
      throw .invalid(
        file: directory, place: "tokenizer", expected: "a special token <|endoftext|>",
        found: "none")
    }
    var tokens = (0..<UInt32(vocabularySize)).map { spelling(of: $0) }
    // llama.h: LLAMA_TOKEN_TYPE_NORMAL, CONTROL, UNUSED.
    var types: [Int32] = (0..<UInt32(vocabularySize)).map { isSpecial($0) ? 3 : 1 }
    let taken = Set(tokens)
    for id in vocabularySize..<rows {
      var name = "[PAD\(id)]"
      while taken.contains(name) { name = "[\(name)]" }
      tokens.append(name)
      types.append(5)
    }
    return [
      GGUFMember("tokenizer.ggml.model", .string("gpt2")),
      GGUFMember("tokenizer.ggml.pre", .string("gpt-2")),
      GGUFMember("tokenizer.ggml.tokens", .strings(tokens)),
      GGUFMember("tokenizer.ggml.token_type", .int32s(types)),
      GGUFMember("tokenizer.ggml.merges", .strings(mergeSpellings)),
      GGUFMember("tokenizer.ggml.bos_token_id", .uint32(end)),
      GGUFMember("tokenizer.ggml.eos_token_id", .uint32(end)),
      GGUFMember("tokenizer.ggml.add_bos_token", .bool(false)),
    ]
  }
}
