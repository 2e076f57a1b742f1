import Files

/// Checks what tokenizer files say and makes a ``Vocabulary`` of it. Tokens are looked up by their
/// spelling, as UTF-8: in ``ByteAlphabet``, or as they are.
struct VocabularyBuilder {
  /// Ids from here on are refused: no vocabulary is so large, and each id takes memory.
  static let idLimit = 1 << 24

  /// For error messages.
  var file: String
  /// What a tokenizer does besides merging.
  var rules = Vocabulary.Rules()
  /// The content of the token that stands for bytes without one; nil if there is none.
  var unknownToken: String?
  /// Lines for the user.
  var notices: [String] = []
  private var spellings = ByteStringTable()
  /// By number in `spellings`.
  private var ids: [UInt32] = []
  /// By number in `spellings`: the rules of an added token.
  private var added: [AddedToken?] = []
  /// How many of `spellings`, from the first on, are the model's.
  private var modelCount = 0
  private var taken: Set<UInt32> = []
  /// The id after the last that an added token of `tokenizer.json` got.
  private var nextAddedID: UInt32?
  private var merges: [Vocabulary.Merge?] = []
  private var pairs: [UInt64: Int] = [:]

  init(file: String) { self.file = file }

  /// Adds all of the model's vocabulary: an object of spellings and ids.
  mutating func addVocabulary(_ json: JSON?, place: String) throws(TokenizerError) {
    guard let members = json?.objectValue else {
      throw invalid(place, "an object of tokens and ids", json?.kind ?? "nothing")
    }
    for member in members {
      let place = "\(place).\(member.key)"
      let id = try Self.id(member.value, file: file, place: place)
      guard spellings.find(member.key.utf8) == nil else {
        throw invalid(place, "each token once", "'\(member.key)' again")
      }
      guard insert(member.key, id) else {
        throw invalid(place, "each id once", "\(id) again")
      }
    }
    modelCount = ids.count
  }

  /// Adds a token of `tokenizer.json`. One that the model lacks gets the next free id, as in
  /// `tokenizers` (`AddedVocabulary::add_tokens`), whatever the file says; a difference is told.
  mutating func addNumbered(_ token: AddedToken, place: String) throws(TokenizerError) {
    if token.content.isEmpty { return }
    if let entry = spellings.find(token.content) {
      guard ids[entry] == token.id else {
        throw invalid("\(place).id", "\(ids[entry]) as before for this token", "\(token.id)")
      }
      return declare(token, entry)
    }
    let id = nextAddedID ?? UInt32(modelCount)
    let name = String(decoding: token.content, as: UTF8.self)
    guard insert(name, id) else {
      throw invalid(
        "\(place).id",
        "an id that no token has: '\(name)' is not in the vocabulary, so that "
          + "`tokenizers` gives it \(id), which is taken", "\(token.id)")
    }
    if id != token.id {
      notices.append(
        "\(file): \(place).id: '\(name)' is \(id) here, as in `tokenizers`, which numbers tokens "
          + "that the vocabulary lacks one after another; the file says \(token.id)")
    }
    nextAddedID = id + 1
    declare(token, ids.count - 1)
  }

  /// Adds a token that a file beside the vocabulary names, with the id it has there.
  mutating func addNamed(_ token: AddedToken, from file: String) throws(TokenizerError) {
    if token.content.isEmpty { return }
    let name = String(decoding: token.content, as: UTF8.self)
    if let entry = spellings.find(token.content) {
      guard ids[entry] == token.id else {
        throw .invalid(
          file: file, place: "'\(name)'", expected: "id \(ids[entry]), as \(self.file) has it",
          found: "\(token.id)")
      }
      return declare(token, entry)
    }
    guard insert(name, token.id) else {
      throw .invalid(
        file: file, place: "'\(name)'",
        expected: "an id that no other token of \(self.file) has", found: "\(token.id)")
    }
    declare(token, ids.count - 1)
  }

  /// Declares a token special if the vocabulary has it; false if it has not.
  mutating func declareSpecial(_ content: String) -> Bool {
    guard let entry = spellings.find(content.utf8) else { return false }
    var token = added[entry] ?? .special(content, id: ids[entry])
    token.isSpecial = true
    added[entry] = token
    return true
  }

  /// The rules of an added token, if there is one of this content.
  func addedToken(_ content: [UInt8]) -> AddedToken? {
    spellings.find(content).flatMap { added[$0] }
  }

  /// The id of a token by its spelling.
  func id(_ spelling: String) -> UInt32? { spellings.find(spelling.utf8).map { ids[$0] } }

  /// Adds the merge of the next rank, of two spellings. One that occurs again has the later rank.
  mutating func addMerge(
    _ left: some Collection<UInt8>, _ right: some Collection<UInt8>,
    place: @autoclosure () -> String
  ) throws(TokenizerError) {
    var bytes = Array(left)
    let middle = bytes.count
    bytes += right
    let merge = Vocabulary.Merge(
      left: try modelToken(bytes[..<middle], place: place()),
      right: try modelToken(bytes[middle...], place: place()),
      result: try modelToken(bytes[...], place: place()))
    let key = PairTable.key(merge.left, merge.right)
    if let earlier = pairs.updateValue(merges.count, forKey: key) { merges[earlier] = nil }
    merges.append(merge)
  }

  /// The vocabulary, if its rules fit its tokens.
  func build(place: String) throws(TokenizerError) -> Vocabulary {
    let count = Int(ids.max() ?? 0) + (ids.isEmpty ? 0 : 1)
    if count == 0 { throw invalid(place, "at least one token", "none") }
    var tokens = [[UInt8]](repeating: [], count: count)
    var kinds = [Vocabulary.Kind](repeating: .none, count: count)
    var byteIds = [UInt32](repeating: ByteTokens.none, count: 256)
    var words = TokensByBytes()
    for (entry, id) in ids.enumerated() {
      let spelling = String(decoding: spellings[entry], as: UTF8.self)
      let bytes = ByteAlphabet.bytes(spelling: spelling.unicodeScalars)
      let isModels = entry < modelCount
      if isModels, let bytes {
        if bytes.count == 1 { byteIds[Int(bytes[0])] = id }
        if rules.ignoresMerges { words.add(bytes, id) }
      }
      if let token = added[entry] {
        kinds[Int(id)] = .added(inModel: isModels)
        // A model's word that was added too stays a word.
        tokens[Int(id)] = isModels && !token.isSpecial ? bytes ?? token.content : token.content
      } else {
        kinds[Int(id)] = bytes == nil ? .literal : .bytes
        tokens[Int(id)] = bytes ?? Array(spelling.utf8)
      }
    }
    return Vocabulary(
      tokens: tokens, kinds: kinds, alphabet: try alphabet(byteIds, place: place),
      merges: merges.compactMap { $0 }, added: added.compactMap { $0 }.sorted { $0.id < $1.id },
      rules: try checkedRules(), words: rules.ignoresMerges ? words : nil)
  }

  /// What stands for each byte, by its token, by `byte_fallback` or by the unknown token.
  private func alphabet(
    _ byteIds: [UInt32], place: String
  ) throws(TokenizerError) -> ByteTokens {
    let fallbacks = ByteAlphabet.scalars.map { scalar -> [UInt32] in
      if !rules.fallsBackToBytes { return [] }
      let tokens = String(scalar).utf8.map {
        modelID("<0x\($0 < 16 ? "0" : "")\(hexadecimal($0))>")
      }
      return tokens.contains(nil) ? [] : tokens.compactMap { $0 }
    }
    let missing = (0..<256).filter { byteIds[$0] == ByteTokens.none && fallbacks[$0].isEmpty }
    if let unknownToken, let first = missing.first, modelID(unknownToken) == nil {
      throw invalid(
        "model.unk_token",
        "a token of the vocabulary, which has none for byte \(first), "
          + "'\(ByteAlphabet.spell([UInt8(first)]))'", "'\(unknownToken)'")
    }
    return ByteTokens(
      byteIds, fallbacks: fallbacks, unknown: unknownToken.flatMap { modelID($0) },
      fusesUnknown: rules.fusesUnknown)
  }

  private func checkedRules() throws(TokenizerError) -> Vocabulary.Rules {
    for id in rules.before + rules.after where !taken.contains(id) {
      throw invalid("post_processor", "ids of the vocabulary", "\(id)")
    }
    var rules = rules
    rules.unknown = unknownToken.flatMap { modelID($0) }
    return rules
  }

  /// Two upper-case hexadecimal digits, or one.
  private func hexadecimal(_ byte: UInt8) -> String { String(byte, radix: 16, uppercase: true) }

  private func modelID(_ spelling: String) -> UInt32? {
    guard let entry = spellings.find(spelling.utf8), entry < modelCount else { return nil }
    return ids[entry]
  }

  private func modelToken(
    _ spelling: ArraySlice<UInt8>, place: @autoclosure () -> String
  ) throws(TokenizerError) -> UInt32 {
    guard let entry = spellings.find(spelling), entry < modelCount else {
      let name = String(decoding: spelling, as: UTF8.self)
      throw invalid(
        place(), "two tokens whose concatenation is one", "'\(name)', which is none")
    }
    return ids[entry]
  }

  /// Adds a token that is new; false if its id is taken.
  private mutating func insert(_ spelling: String, _ id: UInt32) -> Bool {
    guard taken.insert(id).inserted else { return false }
    _ = spellings.insert(spelling.utf8)
    ids.append(id)
    added.append(nil)
    return true
  }

  /// The rules said last hold; a token that was special stays it, as in `tokenizers`.
  private mutating func declare(_ token: AddedToken, _ entry: Int) {
    var token = token
    token.id = ids[entry]
    token.isSpecial = token.isSpecial || added[entry]?.isSpecial == true
    added[entry] = token
  }

  /// An id as a file has it.
  static func id(_ json: JSON?, file: String, place: String) throws(TokenizerError) -> UInt32 {
    guard let value = json?.intValue, (0..<idLimit).contains(value) else {
      let found = json.map { String(decoding: $0.serialized(), as: UTF8.self) } ?? "nothing"
      throw .invalid(
        file: file, place: place, expected: "an id, a whole number from 0 to \(idLimit - 1)",
        found: found)
    }
    return UInt32(value)
  }

  private func invalid(_ place: String, _ expected: String, _ found: String) -> TokenizerError {
    .invalid(file: file, place: place, expected: expected, found: found)
  }
}
