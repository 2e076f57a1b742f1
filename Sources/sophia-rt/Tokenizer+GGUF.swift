import Checkpoints
import Tokenization

extension Tokenizer {
  /// The tokenizer as llama.cpp wants it in a GGUF file's metadata (llama-vocab.cpp): model `gpt2`,
  /// GPT-2's pattern, tokens and merges spelled as in `vocab.json` and `merges.txt`.
  /// - rows: those of the token embedding; where there are more than tokens, the rest get names that
  ///   no text spells, and are marked unused
  /// - Throws: `.invalid` without an end of text: llama.cpp would end texts at token 11
  func ggufMetadata(rows: Int, directory: String) throws(CheckpointError) -> [GGUFMember] {
    guard let end = endOfText else {
      throw .invalid(
        file: directory, place: "tokenizer", expected: "a token that ends texts",
        found: "none: name it as eos_token_id in config.json")
    }
    let added = Dictionary(uniqueKeysWithValues: addedTokens.map { ($0.id, $0.isSpecial) })
    var tokens = (0..<UInt32(vocabularySize)).map { spelling(of: $0) }
    let taken = Set(tokens)
    var types: [Int32] = []
    for id in 0..<max(rows, vocabularySize) {
      if id < vocabularySize, !tokens[id].isEmpty {
        // llama.h: LLAMA_TOKEN_TYPE_CONTROL, USER_DEFINED, NORMAL; below UNUSED.
        types.append(added[UInt32(id)].map { $0 ? 3 : 4 } ?? 1)
        continue
      }
      var name = "[PAD\(id)]"
      while taken.contains(name) { name = "[\(name)]" }
      if id < vocabularySize { tokens[id] = name } else { tokens.append(name) }
      types.append(5)
    }
    // llama.cpp ends a text at each of these kinds.
    let further = zip(["eot", "eom"], endsOfText.dropFirst()).map {
      GGUFMember("tokenizer.ggml.\($0)_token_id", .uint32($1))
    }
    let begin = tokensBeforePrompt.first ?? beginOfText ?? end
    return [
      GGUFMember("tokenizer.ggml.model", .string("gpt2")),
      GGUFMember("tokenizer.ggml.pre", .string("gpt-2")),
      GGUFMember("tokenizer.ggml.tokens", .strings(tokens)),
      GGUFMember("tokenizer.ggml.token_type", .int32s(types)),
      GGUFMember("tokenizer.ggml.merges", .strings(mergeSpellings)),
      GGUFMember("tokenizer.ggml.bos_token_id", .uint32(begin)),
      GGUFMember("tokenizer.ggml.eos_token_id", .uint32(end)),
      GGUFMember("tokenizer.ggml.add_bos_token", .bool(tokensBeforePrompt == [begin])),
    ] + further
  }

  /// What a GGUF file cannot say of the tokenizer, a line each.
  var ggufNotices: [String] {
    var lines: [String] = []
    func lost(_ what: String) { lines.append("GGUF cannot say that the tokenizer \(what)") }
    if addsPrefixSpace { lost("puts a space before a text (add_prefix_space)") }
    if ignoresMerges { lost("takes words of the vocabulary whole (ignore_merges)") }
    if !splitsText { lost("does not cut text (use_regex false)") }
    if tokensBeforePrompt.count > 1 || !tokensAfterPrompt.isEmpty {
      lost("puts these tokens around a prompt: \(tokensBeforePrompt), \(tokensAfterPrompt)")
    }
    if endsOfText.count > 3 { lost("has further ends of text: \(endsOfText.dropFirst(3))") }
    return lines
  }
}
