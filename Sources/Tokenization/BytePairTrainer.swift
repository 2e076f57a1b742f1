public import Machine

/// Trains a byte-level vocabulary: starting from the 256 bytes, the pair of tokens that stands side by
/// side most often becomes a new token, again and again (Sennrich et al. 2016; GPT-2's pieces of text,
/// which merges never cross). Equal counts: the smaller left id, then the smaller right id, wins. A pair
/// whose bytes are a token already is passed over. The result depends on the documents alone, not on
/// their order, how they are handed over, or the number of threads; merges are those of Hugging Face's
/// `BpeTrainer` with `min_frequency=2` and the byte alphabet.
///
/// Ids are laid out as GPT-2's: 0…255 the bytes in the order of ``ByteAlphabet``, then the merges by rank,
/// then `<|endoftext|>`, the last.
public struct BytePairTrainer: Sendable {
  /// What training is doing.
  public enum Phase: Sendable {
    /// Counting the distinct pieces of the text.
    case counting
    /// Finding merges.
    case merging
  }

  /// Pairs that occur less often become no token.
  static let minimumCount = 2

  /// Number of tokens that the vocabulary will have: 256 bytes, merges, `<|endoftext|>`.
  public let vocabularySize: Int
  /// Bytes of text counted so far.
  public private(set) var bytesCounted = 0
  private var counts: [WordCounts] = []

  /// A trainer that has seen no text.
  ///
  /// Throws ``TokenizerError/training(_:)`` if `vocabularySize` is not in 257…16,777,216.
  public init(vocabularySize: Int) throws(TokenizerError) {
    guard (257...1 << 24).contains(vocabularySize) else {
      throw .training(
        "a vocabulary of \(vocabularySize) tokens cannot be trained: expected 257 (bytes and "
          + "<|endoftext|>) to \(1 << 24)")
    }
    self.vocabularySize = vocabularySize
  }

  /// Counts the pieces of more documents, on all threads of `team`. The documents are not kept.
  ///
  /// - progress: called on this thread now and then with the fraction of these documents that is done.
  public mutating func add<Documents: RandomAccessCollection>(
    documents: Documents, on team: ThreadTeam, progress: ((Double) -> Void)? = nil
  ) where Documents.Element: Collection<UInt8> {
    let parts = TextParts(of: documents)
    let preTokenizer = PreTokenizer()
    bytesCounted += parts.byteCount
    while counts.count < team.count { counts.append(WordCounts()) }
    counts.withUnsafeMutableBufferPointer { counts in
      // Each thread takes its counts out of the shared array while it works.
      parts.forEach(on: team, progress: progress) { thread in
        var own = WordCounts()
        swap(&own, &counts[thread])
        return own
      } part: { own, _, text, range in
        own.add(text, range, preTokenizer)
      } end: { own, thread in
        counts[thread] = own
      }
    }
  }

  /// The tokenizer learned from all documents added so far.
  ///
  /// - fittingText: where the text has too few pairs that occur twice, whether the vocabulary is the
  ///   largest that it gives, instead of an error.
  /// - progress: called now and then with the fraction of merges found.
  ///
  /// Throws ``TokenizerError/training(_:)`` if the text has too few pairs and the vocabulary is not
  /// fitted to it.
  public func train(
    fittingText: Bool = false, progress: ((Double) -> Void)? = nil
  ) throws(TokenizerError) -> Tokenizer {
    var all = WordCounts()
    for part in counts { all.add(part) }
    let mergeCount = vocabularySize - 257
    var tokens = ByteAlphabet.order.map { [$0] }
    var known = ByteStringTable()
    for token in tokens { _ = known.insert(token) }
    var merges: [Vocabulary.Merge] = []
    var pairs = PairCounts(all)
    while merges.count < mergeCount {
      guard let (left, right) = pairs.popMostFrequent(atLeast: Self.minimumCount) else {
        if fittingText { break }
        throw .training(
          "\(bytesCounted) bytes of text give a vocabulary of \(merges.count + 257) tokens at most, "
            + "\(vocabularySize) were asked for: ask for fewer or train on more text")
      }
      let bytes = tokens[Int(left)] + tokens[Int(right)]
      guard known.insert(bytes) == tokens.count else { continue }
      let result = UInt32(tokens.count)
      tokens.append(bytes)
      merges.append(Vocabulary.Merge(left: left, right: right, result: result))
      pairs.merge(left, right, into: result)
      if merges.count % 64 == 0 { progress?(Double(merges.count) / Double(mergeCount)) }
    }
    progress?(1)
    return Self.tokenizer(tokens: tokens, merges: merges)
  }

  /// Trains on `documents` in one go.
  ///
  /// - progress: called on this thread now and then with what is being done and its fraction.
  ///
  /// Throws ``TokenizerError/training(_:)`` as ``init(vocabularySize:)`` and ``train(progress:)``.
  public static func train<Documents: RandomAccessCollection>(
    vocabularySize: Int, documents: Documents, on team: ThreadTeam,
    progress: ((Phase, Double) -> Void)? = nil
  ) throws(TokenizerError) -> Tokenizer where Documents.Element: Collection<UInt8> {
    var trainer = try BytePairTrainer(vocabularySize: vocabularySize)
    trainer.add(documents: documents, on: team) { progress?(.counting, $0) }
    return try trainer.train { progress?(.merging, $0) }
  }

  private static func tokenizer(tokens: [[UInt8]], merges: [Vocabulary.Merge]) -> Tokenizer {
    let endOfText = AddedToken.special(Tokenizer.usualEndOfText, id: UInt32(tokens.count))
    var byteIds = [UInt32](repeating: 0, count: 256)
    for (id, byte) in ByteAlphabet.order.enumerated() { byteIds[Int(byte)] = UInt32(id) }
    return Tokenizer(
      Vocabulary(
        tokens: tokens + [endOfText.content],
        kinds: tokens.map { _ in .bytes } + [.added(inModel: true)], alphabet: ByteTokens(byteIds),
        merges: merges, added: [endOfText]))
  }
}
