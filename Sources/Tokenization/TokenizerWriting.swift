public import Files

extension Tokenizer {
  /// The bytes of a Hugging Face `tokenizer.json`: equal tokenizers give equal bytes. `tokenizers` opens
  /// it and encodes the same.
  public func serialized() -> [UInt8] {
    let rules = vocabulary.rules
    func byteLevel(_ addsPrefixSpace: Bool) -> JSON {
      [
        "type": "ByteLevel", "add_prefix_space": .bool(addsPrefixSpace), "trim_offsets": true,
        "use_regex": .bool(rules.splitsText),
      ]
    }
    let root: JSON = [
      "version": "1.0", "truncation": .null, "padding": .null,
      "added_tokens": .array(vocabulary.added.map(Self.json)),
      "normalizer": .null, "pre_tokenizer": byteLevel(rules.addsPrefixSpace),
      "post_processor": template, "decoder": byteLevel(false), "model": model,
    ]
    return root.serialized(pretty: true)
  }

  /// Hugging Face's `tokenizer_config.json`: which added tokens end and begin texts.
  ///
  /// - contextLength: the model's longest text in tokens, where one is meant.
  public func settings(contextLength: Int? = nil) -> JSON {
    func name(_ id: UInt32?) -> String? {
      id.flatMap(vocabulary.addedToken).map { String(decoding: $0.content, as: UTF8.self) }
    }
    let (end, begin) = (name(endOfText), name(beginOfText))
    var members = [JSONMember("tokenizer_class", "GPT2TokenizerFast")]
    if let contextLength {
      members.append(JSONMember("model_max_length", .integer(contextLength)))
    }
    for (key, token) in [("bos_token", begin), ("eos_token", end), ("unk_token", end)] {
      if let token { members.append(JSONMember(key, .string(token))) }
    }
    members.append(JSONMember("add_prefix_space", .bool(addsPrefixSpace)))
    return .object(members)
  }

  /// 16 hexadecimal digits that tell tokenizers apart: FNV-1a over tokens, merges, special tokens and,
  /// where they are not GPT-2's, the rules that text is encoded by.
  public var fingerprint: String {
    var hash = FNV1a()
    func add(_ value: UInt32) {
      for shift in [0, 8, 16, 24] { hash.add(UInt8(value >> shift & 0xFF)) }
    }
    add(UInt32(vocabularySize))
    for id in 0..<UInt32(vocabularySize) {
      let bytes = vocabulary.bytes(of: id)
      add(UInt32(bytes.count))
      for byte in bytes { hash.add(byte) }
    }
    for merge in vocabulary.merges {
      add(merge.left)
      add(merge.right)
      add(merge.result)
    }
    for special in vocabulary.specials { add(special.id) }
    let rules = vocabulary.rules
    let flags = [
      rules.addsPrefixSpace, !rules.splitsText, rules.ignoresMerges,
      rules.fallsBackToBytes && !vocabulary.alphabet.isComplete,
    ]
    for (i, flag) in flags.enumerated() where flag { add(0xFFFF_FF00 | UInt32(i)) }
    if !vocabulary.alphabet.isComplete {
      add(rules.unknown ?? ByteTokens.none)
      add(rules.fusesUnknown ? 1 : 0)
    }
    for token in vocabulary.added where !token.isSpecial { add(token.id) }
    return hexadecimal(hash.value)
  }

  private var model: JSON {
    let rules = vocabulary.rules
    // Added tokens stand in the model's vocabulary too, as in GPT-2's, unless that changes what text
    // without them gives.
    let addsAll = vocabulary.alphabet.isComplete && !rules.ignoresMerges || !numbersItself
    let vocab = (0..<UInt32(vocabularySize)).filter { isWritten($0, addsAll) }.map {
      JSONMember(spelling(of: $0), .integer(Int($0)))
    }
    // Tokens with blanks need the newer form, which holds for all merges or none.
    let hasBlanks = vocabulary.merges.contains { vocabulary.kinds[Int($0.result)] == .literal }
    let merges: [JSON] =
      hasBlanks
      ? vocabulary.merges.map { [.string(spelling(of: $0.left)), .string(spelling(of: $0.right))] }
      : mergeSpellings.map { .string($0) }
    return [
      "type": "BPE", "dropout": .null,
      "unk_token": rules.unknown.map { .string(spelling(of: $0)) } ?? .null,
      "continuing_subword_prefix": .null, "end_of_word_suffix": .null,
      "fuse_unk": .bool(rules.fusesUnknown), "byte_fallback": .bool(rules.fallsBackToBytes),
      "ignore_merges": .bool(rules.ignoresMerges), "vocab": .object(vocab),
      "merges": .array(merges),
    ]
  }

  /// A token as files spell it: in GPT-2's byte alphabet; added tokens as they are; empty for an id
  /// without a token.
  public func spelling(of id: UInt32) -> String {
    guard Int(id) < vocabularySize else { return "" }
    let bytes = vocabulary.bytes(of: id)
    return switch vocabulary.kinds[Int(id)] {
    case .none: ""
    case .bytes: ByteAlphabet.spell(bytes)
    case .literal: String(decoding: bytes, as: UTF8.self)
    case .added:
      String(
        decoding: vocabulary.addedToken(id)?.content ?? Array(bytes), as: UTF8.self)
    }
  }
}

extension Tokenizer {
  /// The merges by rank as `merges.txt` spells them: two tokens with a blank between.
  public var mergeSpellings: [String] {
    vocabulary.merges.map { "\(spelling(of: $0.left)) \(spelling(of: $0.right))" }
  }

  /// Whether `tokenizers` gives the added tokens that the model lacks the ids they have: it numbers
  /// them one after another from the number of the model's tokens on.
  private var numbersItself: Bool {
    let added = vocabulary.added.filter { !vocabulary.isInModel($0.id) }
    let first = vocabularySize - vocabulary.kinds.count { $0 == .none } - added.count
    return zip(added, first...).allSatisfy { $0.id == UInt32($1) }
  }

  /// Whether the model's vocabulary in the file has the token.
  private func isWritten(_ id: UInt32, _ addsAll: Bool) -> Bool {
    vocabulary.isInModel(id) || addsAll && vocabulary.kinds[Int(id)] != .none
  }

  /// What puts tokens before and after a prompt.
  private var template: JSON {
    let rules = vocabulary.rules
    if rules.before.isEmpty && rules.after.isEmpty { return .null }
    func token(_ id: UInt32) -> JSON {
      ["SpecialToken": ["id": .string(spelling(of: id)), "type_id": 0]]
    }
    let text: JSON = ["Sequence": ["id": "A", "type_id": 0]]
    let other: JSON = ["Sequence": ["id": "B", "type_id": 1]]
    let tokens = Set(rules.before + rules.after).sorted().map { id in
      let name = spelling(of: id)
      return JSONMember(
        name, ["id": .string(name), "ids": [.integer(Int(id))], "tokens": [.string(name)]])
    }
    return [
      "type": "TemplateProcessing",
      "single": .array(rules.before.map(token) + [text] + rules.after.map(token)),
      "pair": [text, other], "special_tokens": .object(tokens),
    ]
  }

  private static func json(_ token: AddedToken) -> JSON {
    [
      "id": .integer(Int(token.id)),
      "content": .string(String(decoding: token.content, as: UTF8.self)),
      "single_word": .bool(token.isSingleWord), "lstrip": .bool(token.takesSpaceBefore),
      "rstrip": .bool(token.takesSpaceAfter), "normalized": .bool(token.isNormalized),
      "special": .bool(token.isSpecial),
    ]
  }
}
