import Files

/// The layout of Hugging Face `tokenizer.json` and which kinds of tokenizer in it are ours: byte-level
/// BPE whose pieces are those of GPT-2's pattern, or whole texts.
struct TokenizerFile {
  /// For error messages.
  let name: String

  /// What the file says, to be built; what cannot be honoured is refused by its name.
  func builder(_ root: JSON) throws(TokenizerError) -> VocabularyBuilder {
    guard root.objectValue != nil else { throw invalid("the file", "an object", root) }
    if let version = root["version"], version.stringValue?.utf8.elementsEqual("1.0".utf8) != true {
      throw unsupported("version", version, "\"1.0\"")
    }
    var builder = VocabularyBuilder(file: name)
    if let normalizer = try steps(of: root["normalizer"], "normalizer", "normalizers").first {
      throw unsupported("normalizer", kind(of: normalizer), "null")
    }
    try readPreTokenizer(root["pre_tokenizer"], into: &builder.rules)
    for decoder in try steps(of: root["decoder"], "decoder", "decoders") {
      guard kind(of: decoder) == "'ByteLevel'" else {
        throw unsupported("decoder", kind(of: decoder), "'ByteLevel'")
      }
    }
    for processor in try steps(of: root["post_processor"], "post_processor", "processors") {
      try readPostProcessor(processor, into: &builder.rules)
    }
    try readModel(root["model"], into: &builder)
    for (i, token) in try list(root["added_tokens"], place: "added_tokens").enumerated() {
      let place = "added_tokens[\(i)]"
      let id = try VocabularyBuilder.id(token["id"], file: name, place: "\(place).id")
      try builder.addNumbered(try addedToken(token, id: id, place: place), place: place)
    }
    return builder
  }

  /// An added token as `tokenizer.json` and `tokenizer_config.json` write it.
  func addedToken(_ json: JSON, id: UInt32, place: String) throws(TokenizerError) -> AddedToken {
    guard let content = json["content"]?.stringValue else {
      throw invalid("\(place).content", "a string", json["content"])
    }
    func flag(_ key: String) throws(TokenizerError) -> Bool {
      guard let value = json[key] else { return false }
      guard let flag = value.boolValue else { throw invalid("\(place).\(key)", "a flag", value) }
      return flag
    }
    return AddedToken(
      id: id, content: Array(content.utf8), isSpecial: try flag("special"),
      isSingleWord: try flag("single_word"), takesSpaceBefore: try flag("lstrip"),
      takesSpaceAfter: try flag("rstrip"), isNormalized: try flag("normalized"))
  }

  /// One `ByteLevel`; or GPT-2's pattern as a `Split` and a `ByteLevel` that does not cut again.
  private func readPreTokenizer(
    _ json: JSON?, into rules: inout Vocabulary.Rules
  ) throws(TokenizerError) {
    var steps = try steps(of: json, "pre_tokenizer", "pretokenizers")
    var isCut = false
    if steps.count == 2, kind(of: steps[0]) == "'Split'" {
      let split = steps.removeFirst()
      guard let pattern = split["pattern"]?["Regex"]?.stringValue,
        pattern.utf8.elementsEqual(Self.pattern.utf8),
        kind(split["behavior"]) == "'Isolated'", split["invert"]?.boolValue != true
      else {
        throw unsupported(
          "pre_tokenizer", "'Split' \(describe(split["pattern"]?["Regex"]))",
          "'ByteLevel', or GPT-2's pattern, isolated")
      }
      isCut = true
    }
    guard let byteLevel = steps.first else {
      throw unsupported("pre_tokenizer", "nothing", "'ByteLevel'")
    }
    for step in steps where kind(of: step) != "'ByteLevel'" || steps.count > 1 {
      throw unsupported(
        "pre_tokenizer", steps.map { kind(of: $0) }.joined(separator: ", "), "'ByteLevel'")
    }
    let prefix = byteLevel["add_prefix_space"]
    guard let addsPrefixSpace = prefix?.boolValue else {
      throw unsupported("pre_tokenizer.add_prefix_space", prefix, "true or false")
    }
    let cut = byteLevel["use_regex"]
    guard isNull(cut) || cut?.boolValue != nil else {
      throw unsupported("pre_tokenizer.use_regex", cut, "true or false")
    }
    if isCut && (addsPrefixSpace || cut?.boolValue != false) {
      throw unsupported(
        "pre_tokenizer", "'Split' before a 'ByteLevel' that cuts or adds spaces",
        "\"add_prefix_space\": false, \"use_regex\": false")
    }
    rules.addsPrefixSpace = addsPrefixSpace
    rules.splitsText = isCut || cut?.boolValue != false
  }

  /// What is put before and after a prompt.
  private func readPostProcessor(
    _ json: JSON, into rules: inout Vocabulary.Rules
  ) throws(TokenizerError) {
    switch kind(of: json) {
    case "'ByteLevel'": return
    case "'RobertaProcessing'", "'BertProcessing'":
      for key in ["cls", "sep"] {
        let token = json[key]?.arrayValue ?? []
        let id = try VocabularyBuilder.id(
          token.count == 2 ? token[1] : nil, file: name, place: "post_processor.\(key)")
        if key == "cls" { rules.before.insert(id, at: 0) } else { rules.after.append(id) }
      }
    case "'TemplateProcessing'":
      let place = "post_processor.single"
      var (before, after, hasText) = ([UInt32](), [UInt32](), false)
      for piece in try list(json["single"], place: place) {
        if let sequence = piece["Sequence"], !hasText, kind(sequence["id"]) == "'A'" {
          hasText = true
        } else if let token = piece["SpecialToken"]?["id"]?.stringValue {
          let ids = try list(
            json["special_tokens"]?[token]?["ids"], place: "post_processor.special_tokens.\(token)")
          if ids.isEmpty { throw invalid("post_processor.special_tokens.\(token)", "ids", nil) }
          for id in ids {
            let id = try VocabularyBuilder.id(
              id, file: name, place: "post_processor.special_tokens.\(token)")
            if hasText { after.append(id) } else { before.append(id) }
          }
        } else {
          throw invalid(place, "special tokens and the sequence A once", piece)
        }
      }
      guard hasText else {
        throw unsupported("post_processor", "'TemplateProcessing' without the text", "sequence A")
      }
      rules.before = before + rules.before
      rules.after += after
    default:
      throw unsupported(
        "post_processor", kind(of: json),
        "'ByteLevel', 'TemplateProcessing', 'RobertaProcessing' or 'BertProcessing'")
    }
  }

  private func readModel(
    _ model: JSON?, into builder: inout VocabularyBuilder
  ) throws(TokenizerError) {
    guard let model, model.objectValue != nil else { throw invalid("model", "an object", model) }
    // Older files do not name the type of a BPE model.
    let type = model["type"]?.stringValue ?? (model["merges"] != nil ? "BPE" : "?")
    if !type.utf8.elementsEqual("BPE".utf8) {
      throw unsupported("model type", "'\(type)'", "'BPE' byte-level")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      let value = model[key]
      if !isNull(value), value?.stringValue?.isEmpty != true {
        throw unsupported("model.\(key)", value, "null")
      }
    }
    if !isNull(model["dropout"]), model["dropout"]?.doubleValue != 0 {
      throw unsupported("model.dropout", model["dropout"], "null")
    }
    func flag(_ key: String) throws(TokenizerError) -> Bool {
      let value = model[key]
      if isNull(value) { return false }
      guard let flag = value?.boolValue else { throw invalid("model.\(key)", "a flag", value) }
      return flag
    }
    builder.rules.ignoresMerges = try flag("ignore_merges")
    builder.rules.fusesUnknown = try flag("fuse_unk")
    builder.rules.fallsBackToBytes = try flag("byte_fallback")
    if let unknown = model["unk_token"], !isNull(unknown) {
      guard let token = unknown.stringValue else {
        throw invalid("model.unk_token", "a string or null", unknown)
      }
      builder.unknownToken = token
    }
    try builder.addVocabulary(model["vocab"], place: "model.vocab")
    for (i, merge) in try list(model["merges"], place: "model.merges").enumerated() {
      let (left, right) = try parts(of: merge, place: "model.merges[\(i)]")
      try builder.addMerge(left, right, place: "model.merges[\(i)]")
    }
  }

  /// GPT-2's pattern as files write it.
  static let pattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The steps of a component: none if it is absent, itself, or those of a `Sequence` in turn.
  private func steps(of json: JSON?, _ place: String, _ key: String) throws(TokenizerError)
    -> [JSON]
  {
    guard let json, json != .null else { return [] }
    if kind(of: json) != "'Sequence'" { return [json] }
    var all: [JSON] = []
    for step in try list(json[key], place: "\(place).\(key)") {
      all += try steps(of: step, place, key)
    }
    return all
  }

  /// The elements of an array; none if it is absent.
  private func list(_ json: JSON?, place: String) throws(TokenizerError) -> [JSON] {
    guard let json else { return [] }
    guard let elements = json.arrayValue else { throw invalid(place, "an array", json) }
    return elements
  }

  /// The two tokens of a merge, written `"a b"` or `["a", "b"]`.
  private func parts(
    of merge: JSON, place: @autoclosure () -> String
  ) throws(TokenizerError) -> (left: Substring.UTF8View, right: Substring.UTF8View) {
    if let text = merge.stringValue {
      let blank = UInt8(ascii: " ")
      if let middle = text.utf8.firstIndex(of: blank) {
        let right = text[text.utf8.index(after: middle)...].utf8
        if !right.contains(blank) { return (text[..<middle].utf8, right) }
      }
    } else if let pair = merge.arrayValue, pair.count == 2, let left = pair[0].stringValue,
      let right = pair[1].stringValue
    {
      return (left[...].utf8, right[...].utf8)
    }
    throw invalid(place(), "\"a b\" or [\"a\", \"b\"]", merge)
  }

  func invalid(_ place: String, _ expected: String, _ found: JSON?) -> TokenizerError {
    .invalid(file: name, place: place, expected: expected, found: describe(found))
  }

  private func unsupported(_ what: String, _ found: JSON?, _ expected: String) -> TokenizerError {
    unsupported(what, describe(found), expected)
  }

  private func unsupported(_ what: String, _ found: String, _ expected: String) -> TokenizerError {
    .unsupported(file: name, what: what, found: found, expected: expected)
  }

  /// The type of a component as errors quote it.
  private func kind(of json: JSON) -> String { kind(json["type"]) }

  private func kind(_ json: JSON?) -> String { "'\(json?.stringValue ?? "?")'" }

  private func isNull(_ json: JSON?) -> Bool { json == nil || json == .null }

  /// A short value itself, else its kind.
  private func describe(_ json: JSON?) -> String {
    guard let json else { return "nothing" }
    if json.arrayValue != nil || json.objectValue != nil { return json.kind }
    return String(decoding: json.serialized(), as: UTF8.self)
  }
}
