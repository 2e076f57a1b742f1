/// The checked contents of a tokenizer, ready for use: tokens by id, merges by rank. Immutable, shared
/// by all copies of a ``Tokenizer``.
final class Vocabulary: Sendable {
  /// A merge: two tokens side by side become `result`. Its rank is its index.
  struct Merge: Sendable, Equatable {
    let left: UInt32
    let right: UInt32
    let result: UInt32
  }

  /// How a token came into the vocabulary, and so how files spell it.
  enum Kind: Sendable, Equatable {
    /// No token has the id.
    case none
    /// Spelled in ``ByteAlphabet`` in the model's vocabulary.
    case bytes
    /// In the model's vocabulary with characters outside ``ByteAlphabet``: no text gives it.
    case literal
    /// An added token; `inModel` if the model's vocabulary has it too.
    case added(inModel: Bool)
  }

  /// What a tokenizer does besides merging, as `tokenizer.json` says. The default is GPT-2's.
  struct Rules: Sendable, Equatable {
    /// A space is put before text that does not begin with one (`add_prefix_space`).
    var addsPrefixSpace = false
    /// Text is cut by GPT-2's pattern (`use_regex`).
    var splitsText = true
    /// A piece that is a token is taken whole, whatever the merges say.
    var ignoresMerges = false
    /// What stands for a byte without a token; nil: such bytes are left out.
    var unknown: UInt32?
    /// Neighbouring bytes without tokens give one `unknown` together (`fuse_unk`).
    var fusesUnknown = false
    /// A byte without a token is spelled by the tokens `<0x00>`… of its character in the alphabet.
    var fallsBackToBytes = false
    /// Tokens before a prompt, such as a beginning of text.
    var before: [UInt32] = []
    /// Tokens after a prompt.
    var after: [UInt32] = []
  }

  /// All tokens' bytes, one after another.
  private let bytes: [UInt8]
  /// (V + 1) where each token's bytes begin.
  private let starts: [Int]
  /// (V) how each id came about.
  let kinds: [Kind]
  /// Merges by rank.
  let merges: [Merge]
  /// Added tokens in ascending order of ids.
  let added: [AddedToken]
  let rules: Rules
  private let addedByID: [UInt32: AddedToken]
  /// What a piece begins with before merges.
  let alphabet: ByteTokens
  /// Pair → rank << 32 | result.
  let pairs: PairTable
  /// Finds the added tokens in text.
  let matcher: AddedTokenMatcher
  /// The tokens of the model's vocabulary by their bytes, where merges may be ignored.
  let words: TokensByBytes?

  /// Number of ids.
  var count: Int { starts.count - 1 }
  /// The added tokens that are special, in ascending order of ids.
  var specials: [AddedToken] { added.filter(\.isSpecial) }

  /// The caller has checked: merges of existing tokens, no pair twice, added tokens by ascending id.
  /// - tokens: (V) bytes of each id, of added tokens their content; none where no token has the id.
  init(
    tokens: [[UInt8]], kinds: [Kind], alphabet: ByteTokens, merges: [Merge], added: [AddedToken],
    rules: Rules = Rules(), words: TokensByBytes? = nil
  ) {
    var bytes: [UInt8] = []
    var starts = [0]
    for token in tokens {
      bytes += token
      starts.append(bytes.count)
    }
    var pairs = PairTable(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      pairs.insert(
        PairTable.key(merge.left, merge.right), UInt64(rank) << 32 | UInt64(merge.result))
    }
    self.bytes = bytes
    self.starts = starts
    self.kinds = kinds
    self.merges = merges
    self.added = added
    self.rules = rules
    self.alphabet = alphabet
    self.pairs = pairs
    self.words = words
    addedByID = Dictionary(added.map { ($0.id, $0) }) { $1 }
    matcher = AddedTokenMatcher(added)
  }

  /// The bytes of a token; none for an id outside the vocabulary.
  func bytes(of id: UInt32) -> ArraySlice<UInt8> {
    guard Int(id) < count else { return [] }
    return bytes[starts[Int(id)]..<starts[Int(id) + 1]]
  }

  /// The added token of an id.
  func addedToken(_ id: UInt32) -> AddedToken? { addedByID[id] }

  /// Whether a token is special.
  func isSpecial(_ id: UInt32) -> Bool { addedByID[id]?.isSpecial == true }

  /// Whether the model's vocabulary has the token, by itself or besides being added.
  func isInModel(_ id: UInt32) -> Bool {
    switch kinds[Int(id)] {
    case .bytes, .literal, .added(inModel: true): true
    case .none, .added: false
    }
  }
}

/// Ids of tokens by their bytes.
struct TokensByBytes: Sendable {
  private var strings = ByteStringTable()
  private var ids: [UInt32] = []

  /// Adds a token whose bytes no other has.
  mutating func add(_ bytes: [UInt8], _ id: UInt32) {
    if strings.insert(bytes) == ids.count { ids.append(id) }
  }

  /// The id of `text[range]`, if it is a token.
  func find(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
    strings.find(text, range).map { ids[$0] }
  }
}
