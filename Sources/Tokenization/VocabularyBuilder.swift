import Files

/// Checks what a tokenizer file says and makes a ``Vocabulary`` of it. Tokens are looked up by their
/// spelling in ``ByteAlphabet``, as UTF-8.
struct VocabularyBuilder {
  /// For error messages.
  var file: String
  private var spellings = ByteStringTable()
  /// By number in `spellings`.
  private var ids: [UInt32] = []
  private var isSpecial: [Bool] = []
  private var specials: [Vocabulary.Special] = []
  private var merges: [Vocabulary.Merge] = []
  private var pairs = PairTable(capacity: 1024)

  init(file: String) { self.file = file }

  /// Adds all of a vocabulary: an object of spellings and ids.
  mutating func addVocabulary(_ json: JSON?, place: String) throws(TokenizerError) {
    guard let members = json?.objectValue else {
      throw invalid(place, "an object of tokens and ids", json?.kind ?? "nothing")
    }
    for member in members { try add(member.key, id: member.value, place: "\(place).\(member.key)") }
  }

  /// Adds a special token; one that the vocabulary has already must have the same id there.
  mutating func addSpecial(_ content: String, id: JSON?, place: String) throws(TokenizerError) {
    if content.isEmpty { throw invalid("\(place).content", "a token of at least one byte", "none") }
    if let known = spellings.find(content.utf8) {
      guard id?.intValue == Int(ids[known]), !isSpecial[known] else {
        let found = id.map { String(decoding: $0.serialized(), as: UTF8.self) } ?? "nothing"
        throw invalid("\(place).id", "\(ids[known]) as in the vocabulary, once", found)
      }
    } else {
      try add(content, id: id, place: "\(place).id")
    }
    guard let entry = spellings.find(content.utf8) else { return }
    isSpecial[entry] = true
    specials.append(Vocabulary.Special(id: ids[entry], content: Array(content.utf8)))
  }

  /// Declares a token special if the vocabulary has it (`vocab.json` cannot say so itself).
  mutating func declareSpecial(_ content: String) {
    guard let entry = spellings.find(content.utf8), !isSpecial[entry] else { return }
    isSpecial[entry] = true
    specials.append(Vocabulary.Special(id: ids[entry], content: Array(content.utf8)))
  }

  /// Adds the merge of the next rank, of two spellings.
  mutating func addMerge(
    _ left: some Collection<UInt8>, _ right: some Collection<UInt8>,
    place: @autoclosure () -> String
  ) throws(TokenizerError) {
    var bytes = Array(left)
    let middle = bytes.count
    bytes += right
    let merge = Vocabulary.Merge(
      left: try ordinaryToken(bytes[..<middle], place: place()),
      right: try ordinaryToken(bytes[middle...], place: place()),
      result: try ordinaryToken(bytes[...], place: place()))
    let key = PairTable.key(merge.left, merge.right)
    guard pairs[key] == PairTable.absent else {
      throw invalid(place(), "each merge once", "the merge of rank \(pairs[key]) again")
    }
    pairs.insert(key, UInt64(merges.count))
    merges.append(merge)
  }

  /// The vocabulary, if the ids are dense and all bytes have tokens.
  func build(place: String) throws(TokenizerError) -> Vocabulary {
    var tokens = [[UInt8]?](repeating: nil, count: ids.count)
    var byteIds = [UInt32?](repeating: nil, count: 256)
    for (entry, id) in ids.enumerated() {
      let spelling = String(decoding: spellings[entry], as: UTF8.self)
      guard Int(id) < tokens.count else {
        throw invalid("\(place).\(spelling)", "ids 0…\(tokens.count - 1), each once", "\(id)")
      }
      guard tokens[Int(id)] == nil else {
        throw invalid("\(place).\(spelling)", "ids 0…\(tokens.count - 1), each once", "\(id) again")
      }
      if isSpecial[entry] {
        tokens[Int(id)] = Array(spellings[entry])
        continue
      }
      guard let bytes = ByteAlphabet.bytes(spelling: spelling.unicodeScalars) else {
        throw invalid("\(place).\(spelling)", "characters of the byte alphabet", "others")
      }
      tokens[Int(id)] = bytes
      if bytes.count == 1 { byteIds[Int(bytes[0])] = id }
    }
    if let byte = byteIds.firstIndex(of: nil) {
      let spelling = ByteAlphabet.spell([UInt8(byte)])
      throw invalid(
        place, "a token for each of the 256 bytes", "none for byte \(byte), '\(spelling)'")
    }
    return Vocabulary(
      tokens: tokens.compactMap { $0 }, byteIds: byteIds.compactMap { $0 }, merges: merges,
      specials: specials.sorted { $0.id < $1.id })
  }

  private func ordinaryToken(
    _ spelling: ArraySlice<UInt8>, place: @autoclosure () -> String
  ) throws(TokenizerError) -> UInt32 {
    guard let entry = spellings.find(spelling), !isSpecial[entry] else {
      let name = String(decoding: spelling, as: UTF8.self)
      throw invalid(
        place(), "two ordinary tokens whose concatenation is one", "'\(name)', which is none")
    }
    return ids[entry]
  }

  private mutating func add(
    _ spelling: String, id: JSON?, place: @autoclosure () -> String
  ) throws(TokenizerError) {
    // Ids are dense, so none can exceed what fits into a file of the largest size.
    guard let value = id?.intValue, (0..<Tokenizer.largestFile).contains(value) else {
      let found = id.map { String(decoding: $0.serialized(), as: UTF8.self) } ?? "nothing"
      throw invalid(place(), "an id, a whole number from 0", found)
    }
    guard !spelling.isEmpty, spellings.insert(spelling.utf8) == ids.count else {
      throw invalid(place(), "tokens of at least one byte, each once", "'\(spelling)'")
    }
    ids.append(UInt32(value))
    isSpecial.append(false)
  }

  private func invalid(_ place: String, _ expected: String, _ found: String) -> TokenizerError {
    .invalid(file: file, place: place, expected: expected, found: found)
  }
}
