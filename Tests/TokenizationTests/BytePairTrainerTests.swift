import Machine
import Testing

@testable import Tokenization

@Suite struct BytePairTrainerTests {
  /// The fixture was trained by Hugging Face's `BpeTrainer` on the same documents.
  @Test(arguments: [1, 2, 5]) func mergesAreThoseOfHuggingFace(_ threads: Int) throws {
    let tokenizer = try BytePairTrainer.train(
      vocabularySize: 1024, documents: Fixtures.corpus(), on: ThreadTeam(count: threads))
    let expected = try Fixtures.tokenizer()
    #expect(tokenizer.vocabulary.merges == expected.vocabulary.merges)
    #expect(tokenizer.fingerprint == expected.fingerprint)
    #expect(tokenizer.serialized() == expected.serialized())
  }

  @Test func handingOverDoesNotMatter() throws {
    let documents = try Fixtures.corpus()
    var trainer = try BytePairTrainer(vocabularySize: 600)
    trainer.add(documents: documents.reversed()[..<20], on: ThreadTeam(count: 3))
    trainer.add(documents: documents[..<(documents.count - 20)], on: ThreadTeam(count: 2))
    let whole = try BytePairTrainer.train(
      vocabularySize: 600, documents: documents, on: ThreadTeam(count: 1))
    #expect(trainer.bytesCounted == documents.reduce(0) { $0 + $1.count })
    #expect(try trainer.train().fingerprint == whole.fingerprint)
  }

  /// The definition itself: count all pairs anew for each merge.
  @Test func mergesAreTheMostFrequentPairs() throws {
    var random = TestRandom(state: 6)
    var trained = 0
    for round in 0..<20 {
      let words = (0..<2 * round).map { _ in
        random.bytes(1 + Int.random(in: 0..<9, using: &random), in: 97...99)
      }
      let size = 257 + 12
      let tokenizer = try? BytePairTrainer.train(
        vocabularySize: size, documents: words, on: ThreadTeam(count: 1))
      let expected = naiveMerges(words, count: size - 257)
      if expected.count < size - 257 {
        #expect(tokenizer == nil, "round \(round)")
      } else {
        trained += 1
        #expect(try #require(tokenizer).vocabulary.merges == expected, "round \(round)")
      }
    }
    #expect((5...18).contains(trained), "\(trained): both outcomes should occur")
  }

  private func naiveMerges(_ documents: [[UInt8]], count: Int) -> [Vocabulary.Merge] {
    var tokens = ByteAlphabet.order.map { [$0] }
    var words = documents.map { $0.map { byte in tokens.firstIndex(of: [byte]) ?? 0 } }
    var passedOver: Set<[Int]> = []
    var merges: [Vocabulary.Merge] = []
    while merges.count < count {
      var counts: [[Int]: Int] = [:]
      for word in words {
        for pair in zip(word, word.dropFirst()) { counts[[pair.0, pair.1], default: 0] += 1 }
      }
      let candidates = counts.filter { $0.value >= 2 && !passedOver.contains($0.key) }
      guard
        let best = candidates.min(by: {
          $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
        })?.key
      else { break }
      let bytes = tokens[best[0]] + tokens[best[1]]
      if tokens.contains(bytes) {
        passedOver.insert(best)
        continue
      }
      merges.append(
        Vocabulary.Merge(
          left: UInt32(best[0]), right: UInt32(best[1]), result: UInt32(tokens.count)))
      for w in words.indices {
        var i = 0
        while i + 1 < words[w].count {
          if [words[w][i], words[w][i + 1]] == best {
            words[w].replaceSubrange(i...i + 1, with: [tokens.count])
          }
          i += 1
        }
      }
      tokens.append(bytes)
    }
    return merges
  }

  @Test func layoutIsThatOfGPT2() throws {
    let tokenizer = try BytePairTrainer.train(
      vocabularySize: 258, documents: [Array("ab ab".utf8)], on: ThreadTeam(count: 1))
    #expect(tokenizer.bytes(of: 0) == [UInt8(ascii: "!")])
    #expect(tokenizer.bytes(of: 188) == [0])
    #expect(tokenizer.bytes(of: 256) == Array("ab".utf8))
    #expect(tokenizer.endOfText == 257)
    #expect(tokenizer.vocabularySize == 258)
  }

  @Test func sizesThatCannotBe() throws {
    #expect {
      try BytePairTrainer(vocabularySize: 256)
    } throws: { "\($0)".contains("257 (bytes and <|endoftext|>) to 16777216") }
    #expect {
      try BytePairTrainer.train(
        vocabularySize: 300, documents: [Array("abab".utf8)], on: ThreadTeam(count: 1))
    } throws: { "\($0)".hasPrefix("4 bytes of text give a vocabulary of 258 tokens at most, 300") }
    let bytesOnly = try BytePairTrainer.train(
      vocabularySize: 257, documents: [[UInt8]](), on: ThreadTeam(count: 2))
    #expect(bytesOnly.vocabularySize == 257)
    #expect(bytesOnly.encode("ab").count == 2)
  }

  @Test func progressTellsBothPhases() throws {
    var last: [BytePairTrainer.Phase: Double] = [:]
    _ = try BytePairTrainer.train(
      vocabularySize: 600, documents: Fixtures.corpus(), on: ThreadTeam(count: 1)
    ) { last[$0] = $1 }
    #expect(last == [.counting: 1, .merging: 1])
  }

  /// No merge walks through such a run again and again.
  @Test func enormousWordsAreCountedInParts() throws {
    let tokenizer = try BytePairTrainer.train(
      vocabularySize: 262, documents: [[UInt8](repeating: 97, count: 1_000_000)],
      on: ThreadTeam(count: 2))
    #expect(tokenizer.bytes(of: 260).count == 32)
  }
}
