import Glibc
public import Machine

/// An n-gram model of tokens, order 1 to 3, with interpolated modified Kneser–Ney smoothing (Chen
/// and Goodman 1998): the baseline that a trained model has to beat. Exact counts, no pruning; a
/// function of the tokens alone. Needs about 6 bytes a token while it is made and 8 bytes a
/// distinct n-gram.
public struct NGramModel: Sendable {
  /// Tokens a prediction looks at, the predicted one included.
  public let order: Int
  /// Number of token ids.
  public let vocabularySize: Int

  private let unigramCounts: [UInt32]
  private let unigramDiscounts: KneserNeyDiscounts
  private let unigramContext: KneserNeyContext
  private let bigrams: Level?
  private let trigrams: TrigramLevel?

  /// Counts the n-grams of `tokens`, each id below `vocabularySize` (at most 65,536).
  public init(order: Int, tokens: TokenStream, vocabularySize: Int, on team: ThreadTeam) {
    precondition((1...3).contains(order), "NGramModel: order \(order) outside 1...3")
    precondition(
      (1...65536).contains(vocabularySize),
      "NGramModel: vocabulary \(vocabularySize) outside 1...65536")
    self.order = order
    self.vocabularySize = vocabularySize
    let tokens = tokens.inMemory()
    trigrams = order < 3 ? nil : TrigramLevel(tokens, vocabularySize, on: team)
    switch (order, trigrams) {
    case (3, let trigrams?):
      // A lower order counts the distinct contexts a continuation was seen in, not its occurrences.
      bigrams = Level(
        GroupedCounts(groups: vocabularySize, on: team) { emit in
          for key in trigrams.table.keys { emit(Int(key >> 16), key & 0xFFFF) }
        })
    case (2, _):
      bigrams = Level(
        GroupedCounts(groups: vocabularySize, on: team) { emit in
          tokens.forEachPair { emit(Int($0), UInt32($1)) }
        })
    default: bigrams = nil
    }
    var counts = [UInt32](repeating: 0, count: vocabularySize)
    if let bigrams {
      for key in bigrams.table.keys { counts[Int(key)] += 1 }
    } else {
      tokens.forEach { counts[Int($0)] += 1 }
    }
    unigramCounts = counts
    unigramDiscounts = KneserNeyDiscounts(counts: counts)
    unigramContext = KneserNeyContext(counts: counts, unigramDiscounts)
  }

  /// The probability of `token` after `previous`, itself after `beforePrevious`; a nil context is a
  /// shorter one. Over the vocabulary it sums to 1 for every context.
  public func probability(
    of token: UInt16, after previous: UInt16?, _ beforePrevious: UInt16?
  ) -> Double {
    precondition(token < vocabularySize, "NGramModel: token \(token) outside the vocabulary")
    var p = unigramContext.probability(
      count: unigramCounts[Int(token)], lower: 1 / Double(vocabularySize), unigramDiscounts)
    guard let previous, previous < vocabularySize, let bigrams else { return p }
    p = bigrams.probability(of: token, after: previous, lower: p)
    guard let beforePrevious, beforePrevious < vocabularySize, let trigrams else { return p }
    return trigrams.probability(of: token, after: previous, beforePrevious, lower: p)
  }

  /// The mean of −ln p over the tokens at `targets` (all but the first by default), each predicted
  /// from what comes before it in the stream. Nats a token; the same bits for any team.
  public func crossEntropy(
    of tokens: TokenStream, targets: Range<Int>? = nil, on team: ThreadTeam
  ) -> Double {
    let targets = targets ?? min(1, tokens.count)..<tokens.count
    precondition(
      targets.lowerBound >= 0 && targets.upperBound <= tokens.count,
      "NGramModel: targets \(targets) outside 0..<\(tokens.count)")
    let chunk = 4096
    let chunks = (targets.count + chunk - 1) / chunk
    var sums = [Double](repeating: 0, count: chunks)
    sums.withUnsafeMutableBufferPointer { sums in
      team.parallelFor(chunks) { range in
        for c in range {
          let start = targets.lowerBound + c * chunk
          for i in start..<min(start + chunk, targets.upperBound) {
            let p = probability(
              of: tokens[i], after: i >= 1 ? tokens[i - 1] : nil, i >= 2 ? tokens[i - 2] : nil)
            sums[c] -= log(p)
          }
        }
      }
    }
    return targets.isEmpty ? 0 : sums.reduce(0, +) / Double(targets.count)
  }
}

extension NGramModel {
  /// Bigrams: a group is a context of one token.
  private struct Level: Sendable {
    let table: GroupedCounts
    let discounts: KneserNeyDiscounts
    let contexts: [KneserNeyContext]

    init(_ table: GroupedCounts) {
      let discounts = KneserNeyDiscounts(counts: table.counts)
      self.table = table
      self.discounts = discounts
      contexts = (0..<table.starts.count - 1).map {
        KneserNeyContext(counts: table.counts[table.pairs(of: $0)], discounts)
      }
    }

    func probability(of token: UInt16, after previous: UInt16, lower: Double) -> Double {
      let pairs = table.pairs(of: Int(previous))
      let i = table.lowerBound(UInt32(token), in: pairs)
      let found = i < pairs.upperBound && table.keys[i] == UInt32(token)
      return contexts[Int(previous)].probability(
        count: found ? table.counts[i] : 0, lower: lower, discounts)
    }
  }

  /// Trigrams: a group is the oldest token, a key the two after it (the newest in the low half).
  /// The sums of a context are taken when asked for: its continuations are neighbours in the table.
  private struct TrigramLevel: Sendable {
    let table: GroupedCounts
    let discounts: KneserNeyDiscounts

    init(_ tokens: TokenStream, _ vocabularySize: Int, on team: ThreadTeam) {
      table = GroupedCounts(groups: vocabularySize, on: team) { emit in
        tokens.forEachTriple { emit(Int($0), UInt32($1) << 16 | UInt32($2)) }
      }
      discounts = KneserNeyDiscounts(counts: table.counts)
    }

    func probability(
      of token: UInt16, after previous: UInt16, _ beforePrevious: UInt16, lower: Double
    ) -> Double {
      let group = table.pairs(of: Int(beforePrevious))
      let start = table.lowerBound(UInt32(previous) << 16, in: group)
      let i = table.lowerBound(UInt32(previous) << 16 | UInt32(token), in: start..<group.upperBound)
      var end = i
      while end < group.upperBound && table.keys[end] >> 16 == UInt32(previous) { end += 1 }
      let found = i < end && table.keys[i] & 0xFFFF == UInt32(token)
      let context = KneserNeyContext(counts: table.counts[start..<end], discounts)
      return context.probability(count: found ? table.counts[i] : 0, lower: lower, discounts)
    }
  }
}
