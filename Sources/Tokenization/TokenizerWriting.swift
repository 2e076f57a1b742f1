import Files

extension Tokenizer {
  /// The bytes of a Hugging Face `tokenizer.json`: equal tokenizers give equal bytes. `tokenizers` opens
  /// it and encodes the same.
  public func serialized() -> [UInt8] {
    let byteLevel: JSON = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]
    let root: JSON = [
      "version": "1.0", "truncation": .null, "padding": .null,
      "added_tokens": .array(vocabulary.specials.map(Self.addedToken)),
      "normalizer": .null, "pre_tokenizer": byteLevel, "post_processor": .null,
      "decoder": byteLevel, "model": model,
    ]
    return root.serialized(pretty: true)
  }

  /// 16 hexadecimal digits that tell tokenizers apart: FNV-1a over tokens, merges and special tokens.
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
    return hexadecimal(hash.value)
  }

  private var model: JSON {
    let vocab = (0..<UInt32(vocabularySize)).map { JSONMember(spelling(of: $0), .integer(Int($0))) }
    let merges = mergeSpellings.map { JSON.string($0) }
    return [
      "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
      "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
      "ignore_merges": false, "vocab": .object(vocab), "merges": .array(merges),
    ]
  }

  /// A token as `vocab.json` spells it: in GPT-2's byte alphabet; special tokens as they are.
  public func spelling(of id: UInt32) -> String {
    let bytes = vocabulary.bytes(of: id)
    return isSpecial(id) ? String(decoding: bytes, as: UTF8.self) : ByteAlphabet.spell(bytes)
  }

  /// The merges by rank as `merges.txt` spells them: two tokens with a blank between.
  public var mergeSpellings: [String] {
    vocabulary.merges.map { "\(spelling(of: $0.left)) \(spelling(of: $0.right))" }
  }

  private static func addedToken(_ special: Vocabulary.Special) -> JSON {
    [
      "id": .integer(Int(special.id)),
      "content": .string(String(decoding: special.content, as: UTF8.self)),
      "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true,
    ]
  }
}
