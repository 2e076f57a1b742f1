import Files

/// A folder as `transformers` saves it: the tokenizer's own file and those that say more of it.
///
/// - `added_tokens.json`, `added_tokens_decoder` in `tokenizer_config.json`: added tokens with their ids.
///   A token that has another id elsewhere is refused; other rules than in `tokenizer.json` hold, with
///   a notice.
/// - `special_tokens_map.json`, `tokenizer_config.json`: which tokens are special, and which one ends and
///   begins texts. One that the vocabulary lacks is left out, with a notice.
/// - `add_prefix_space` and, without a `tokenizer.json`, `add_bos_token` in `tokenizer_config.json`.
/// - `generation_config.json`, `config.json`: the ids that end and begin texts, which go before the
///   tokenizer's own.
struct TokenizerFolder {
  private let directory: String
  private let read: (String) throws(TokenizerError) -> [UInt8]?

  /// - directory: for messages.
  /// - read: the bytes of a file of the folder by its name; nil if there is none.
  init(_ directory: String, read: @escaping (String) throws(TokenizerError) -> [UInt8]?) {
    self.directory = directory
    self.read = read
  }

  func tokenizer() throws(TokenizerError) -> Tokenizer {
    var builder: VocabularyBuilder
    let bytes = try read("tokenizer.json")
    if let bytes {
      let name = "\(directory)/tokenizer.json"
      builder = try TokenizerFile(name: name).builder(JSON.parsed(bytes, name: name))
    } else if let vocabulary = try read("vocab.json"), let merges = try read("merges.txt") {
      builder = try VocabularyBuilder(
        vocabulary: vocabulary, merges: merges, directory: directory)
    } else {
      throw .missing(directory: directory)
    }
    let settings = try object("tokenizer_config.json")
    let map = try object("special_tokens_map.json")
    try addTokens(settings, into: &builder)
    for (file, json) in [("tokenizer_config.json", settings), ("special_tokens_map.json", map)] {
      declareSpecials(json, file, into: &builder)
    }
    readPrefixSpace(settings, hasFile: bytes != nil, into: &builder)
    let begin = name(of: settings?["bos_token"] ?? map?["bos_token"]) ?? Tokenizer.usualEndOfText
    if bytes == nil, settings?["add_bos_token"]?.boolValue == true, let id = builder.id(begin) {
      builder.rules.before = [id]
    }
    var tokenizer = try Tokenizer(
      builder, place: bytes == nil ? "vocabulary" : "model.vocab")
    try readEnds(of: &tokenizer, settings, map)
    return tokenizer
  }

  /// `added_tokens.json`, then `added_tokens_decoder`.
  private func addTokens(
    _ settings: JSON?, into builder: inout VocabularyBuilder
  ) throws(TokenizerError) {
    let file = "\(directory)/added_tokens.json"
    for member in try object("added_tokens.json")?.objectValue ?? [] {
      let id = try VocabularyBuilder.id(member.value, file: file, place: member.key)
      let known = builder.addedToken(Array(member.key.utf8))
      var token = known ?? AddedToken(id: id, content: Array(member.key.utf8))
      token.id = id
      try builder.addNamed(token, from: file)
    }
    let format = TokenizerFile(name: "\(directory)/tokenizer_config.json")
    let key = "added_tokens_decoder"
    guard let decoder = settings?[key] else { return }
    guard let members = decoder.objectValue else { throw format.invalid(key, "an object", decoder) }
    for member in members {
      let place = "\(key).\(member.key)"
      let id = try VocabularyBuilder.id(
        Int(member.key).map { .integer($0) } ?? .string(member.key), file: format.name, place: place
      )
      let token = try format.addedToken(member.value, id: id, place: place)
      if let known = builder.addedToken(token.content), known.id == id, known != token {
        builder.notices.append(
          "\(format.name): \(place): other rules for '\(String(decoding: token.content, as: UTF8.self))'"
            + " than in \(builder.file): those here hold, as in transformers")
      }
      try builder.addNamed(token, from: format.name)
    }
  }

  /// The keys under which tokens are named special.
  private static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  private func declareSpecials(
    _ json: JSON?, _ file: String, into builder: inout VocabularyBuilder
  ) {
    var named = Self.roles.compactMap { role in name(of: json?[role]).map { (role, $0) } }
    for key in ["additional_special_tokens", "extra_special_tokens"] {
      named += (json?[key]?.arrayValue ?? []).compactMap { name(of: $0) }.map { (key, $0) }
    }
    for (role, token) in named where !token.isEmpty && !builder.declareSpecial(token) {
      builder.notices.append(
        "\(directory)/\(file): \(role) '\(token)' is not in the vocabulary and is left out")
    }
  }

  private func readPrefixSpace(
    _ settings: JSON?, hasFile: Bool, into builder: inout VocabularyBuilder
  ) {
    guard let adds = settings?["add_prefix_space"]?.boolValue, adds != builder.rules.addsPrefixSpace
    else { return }
    if hasFile {
      builder.notices.append(
        "\(directory)/tokenizer_config.json: add_prefix_space \(adds) holds, as in transformers; "
          + "tokenizer.json says \(!adds)")
    }
    builder.rules.addsPrefixSpace = adds
  }

  /// What ends and begins texts: `generation_config.json`, then `config.json`, then the names in the
  /// tokenizer's files.
  private func readEnds(
    of tokenizer: inout Tokenizer, _ settings: JSON?, _ map: JSON?
  ) throws(TokenizerError) {
    var (ends, begin) = ([UInt32](), UInt32?.none)
    // Ids go up to the model's rows, which may be more than the tokens.
    let config = try object("config.json")
    let limit = max(tokenizer.vocabularySize, config?["vocab_size"]?.intValue ?? 0)
    for (file, json) in [
      ("generation_config.json", try object("generation_config.json")), ("config.json", config),
    ] {
      func ids(_ key: String) -> [UInt32] {
        guard let json, let value = json[key], value != .null else { return [] }
        let all = (value.arrayValue ?? [value]).map(\.intValue)
        let good = all.compactMap { $0 }.filter { (0..<limit).contains($0) }.map { UInt32($0) }
        if good.count < all.count {
          tokenizer.notices.append(
            "\(directory)/\(file): \(key) \(String(decoding: value.serialized(), as: UTF8.self)): "
              + "expected ids of the vocabulary, 0 to \(limit - 1); others are left out")
        }
        return good
      }
      let (end, first) = (ids("eos_token_id"), ids("bos_token_id"))
      if ends.isEmpty { ends = end }
      begin = begin ?? first.first
    }
    for json in [settings, map] {
      if ends.isEmpty, let id = name(of: json?["eos_token"]).flatMap(tokenizer.addedToken) {
        ends = [id]
      }
      begin = begin ?? name(of: json?["bos_token"]).flatMap(tokenizer.addedToken)
    }
    if !ends.isEmpty { tokenizer.endsOfText = ends }
    tokenizer.namedBeginOfText = begin
  }

  /// A token's name, written as a string or as an object with its content.
  private func name(of json: JSON?) -> String? {
    json?.stringValue ?? json?["content"]?.stringValue
  }

  /// A file of the folder that is an object; nil if there is none.
  private func object(_ name: String) throws(TokenizerError) -> JSON? {
    guard let bytes = try read(name) else { return nil }
    let json = try JSON.parsed(bytes, name: "\(directory)/\(name)")
    guard json.objectValue != nil else {
      throw TokenizerFile(name: "\(directory)/\(name)").invalid("the file", "an object", json)
    }
    return json
  }
}
