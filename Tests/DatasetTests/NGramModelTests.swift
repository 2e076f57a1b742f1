import Glibc
import Machine
import Testing

@testable import Dataset

@Suite struct KneserNeyDiscountTests {
  /// n₁ = 6, n₂ = 3, n₃ = 4: D₂ would be 2 − 3·½·4/3 = 0, so that a context of such counts had nothing
  /// left for what it has not seen.
  @Test func aDiscountOfZeroIsNotUsable() {
    let counts = [6, 3, 4, 1].enumerated().flatMap {
      [UInt32](repeating: UInt32($0 + 1), count: $1)
    }
    let discounts = KneserNeyDiscounts(counts: counts)
    #expect([discounts.one, discounts.two, discounts.threePlus] == [0.5, 1, 1.5])
    let usual = KneserNeyDiscounts(counts: counts + [2, 2])
    #expect(usual.one != 0.5 && usual.two > 0 && usual.threePlus > 0)
  }
}

/// Modified Kneser–Ney by the textbook, with dictionaries: what the tables must agree with.
private struct ReferenceModel {
  let vocabularySize: Int
  var counts: [[[UInt16]: UInt32]] = []

  init(order: Int, _ tokens: [UInt16], vocabularySize: Int) {
    self.vocabularySize = vocabularySize
    var grams: [[UInt16]: UInt32] = [:]
    for i in 0..<max(0, tokens.count - order + 1) {
      grams[Array(tokens[i..<i + order]), default: 0] += 1
    }
    counts = [grams]
    for _ in 1..<order {
      var lower: [[UInt16]: UInt32] = [:]
      for gram in counts[0].keys { lower[Array(gram.dropFirst()), default: 0] += 1 }
      counts.insert(lower, at: 0)
    }
  }

  func probability(_ token: UInt16, _ context: [UInt16]) -> Double {
    let level = counts[context.count]
    let lower =
      context.isEmpty
      ? 1 / Double(vocabularySize) : probability(token, Array(context.dropFirst()))
    var n = [0.0, 0, 0, 0, 0]
    for count in level.values where count < 5 { n[Int(count)] += 1 }
    let y = n[1] / (n[1] + 2 * n[2])
    var d = [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
    if !(1...3).allSatisfy({ d[$0] > 0 && d[$0] <= Double($0) }) { d = [0, 0.5, 1, 1.5] }
    let row = level.filter { Array($0.key.dropLast()) == context }
    let total = Double(row.values.reduce(0, +))
    if total == 0 { return lower }
    let discounted = row.values.reduce(0) { $0 + d[min(3, Int($1))] }
    let count = row[context + [token]] ?? 0
    return (Double(count) - d[min(3, Int(count))] + discounted * lower) / total
  }
}

@Suite struct NGramModelTests {
  private let team = ThreadTeam(count: 2)

  /// Tokens below `vocabulary` with structure: the next depends on the two before, with noise.
  private func structured(_ count: Int, vocabulary: UInt64, seed: UInt64) -> [UInt16] {
    let philox = Philox(seed: seed)
    var tokens: [UInt16] = [0, 1]
    for i in 2..<count {
      let noise = philox.word(stream: 1, UInt64(i)) >> 8
      let rule = (UInt64(tokens[i - 1]) * 5 + UInt64(tokens[i - 2]) * 3 + 1) % vocabulary
      tokens.append(UInt16(noise % 4 == 0 ? noise / 4 % vocabulary : rule))
    }
    return tokens
  }

  @Test(
    "Over the vocabulary the probabilities sum to 1, seen context or not", arguments: [1, 2, 3])
  func sumsToOne(order: Int) {
    let tokens = structured(3000, vocabulary: 37, seed: 1)
    let model = NGramModel(
      order: order, tokens: TokenStream(tokens: tokens), vocabularySize: 40, on: team)
    for a in [UInt16?.none, 0, 5, 36, 39] {
      for b in [UInt16?.none, 0, 7, 39] where a != nil || b == nil {
        let p = (0..<40).map { model.probability(of: $0, after: a, b) }
        #expect(p.allSatisfy { $0 > 0 })
        #expect(abs(p.reduce(0, +) - 1) < 1e-12, "after \(String(describing: (a, b)))")
      }
    }
  }

  @Test(
    "Equal to the textbook, on a large and on a tiny sample", arguments: [1, 2, 3], [4, 40, 2000])
  func reference(order: Int, count: Int) {
    let tokens = structured(count, vocabulary: 11, seed: 2)
    let reference = ReferenceModel(order: order, tokens, vocabularySize: 12)
    let model = NGramModel(
      order: order, tokens: TokenStream(tokens: tokens), vocabularySize: 12, on: team)
    for token in 0..<UInt16(12) {
      for a in 0..<UInt16(12) {
        for b in 0..<UInt16(12) {
          let expected = reference.probability(token, Array([b, a].suffix(order - 1)))
          let p = model.probability(of: token, after: a, b)
          if abs(p - expected) > 1e-12 {
            Issue.record("\(token) after \(b) \(a): \(p), \(expected)")
          }
        }
      }
    }
  }

  @Test("Each order beats the one below where the text has that much structure")
  func entropies() {
    let train = TokenStream(tokens: structured(60_000, vocabulary: 23, seed: 3))
    let held = TokenStream(tokens: structured(10_000, vocabulary: 23, seed: 4))
    let nats = (1...3).map { order in
      NGramModel(order: order, tokens: train, vocabularySize: 23, on: team)
        .crossEntropy(of: held, on: team)
    }
    // The rule is followed 3 times in 4, else a uniform token: the entropy is known.
    let hit = 0.75 + 0.25 / 23
    let floor = -hit * log(hit) - (1 - hit) * log(0.25 / 23)
    #expect(nats[0] > 3.0 && nats[0] < log(23) + 0.01)
    #expect(nats[1] < nats[0] + 0.01)
    #expect(nats[2] < nats[1] - 1)
    #expect(nats[2] > floor - 0.05 && nats[2] < floor + 0.12)
  }

  @Test("The same bits for any team and any cut into shards")
  func deterministic() {
    let tokens = structured(9000, vocabulary: 50, seed: 5)
    let whole = TokenStream(tokens: tokens)
    let cut = TokenStream(
      [tokens[..<1], tokens[1..<4000], tokens[4000...]].map { TokenShard(tokens: Array($0)) })
    let expected = NGramModel(order: 3, tokens: whole, vocabularySize: 50, on: ThreadTeam(count: 1))
      .crossEntropy(of: whole, on: ThreadTeam(count: 1))
    for threads in [2, 3, 7] {
      let team = ThreadTeam(count: threads)
      let model = NGramModel(order: 3, tokens: cut, vocabularySize: 50, on: team)
      #expect(model.crossEntropy(of: cut, on: team) == expected)
    }
  }

  @Test func targets() {
    let stream = TokenStream(tokens: structured(500, vocabulary: 9, seed: 6))
    let model = NGramModel(order: 2, tokens: stream, vocabularySize: 9, on: team)
    let all = model.crossEntropy(of: stream, on: team)
    let parts = [1..<200, 200..<500].map {
      model.crossEntropy(of: stream, targets: $0, on: team) * Double($0.count)
    }
    #expect(abs(parts[0] + parts[1] - all * 499) < 1e-9)
    #expect(model.crossEntropy(of: stream, targets: 3..<3, on: team) == 0)
  }

  @Test("Without any tokens every prediction is uniform")
  func empty() {
    let model = NGramModel(order: 3, tokens: TokenStream([]), vocabularySize: 8, on: team)
    #expect(model.probability(of: 3, after: 1, 2) == 0.125)
  }
}
