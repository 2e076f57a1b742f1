import Foundation
import Testing

@testable import Stories

/// Stories are the same everywhere, differ from each other, and are English.
struct StoryGeneratorTests {
  private static func stories(
    _ count: UInt64, seed: UInt64 = 11, split: StorySplit? = nil
  ) -> [Story] {
    let generator = StoryGenerator(seed: seed, split: split)
    return (0..<count).map { generator.story($0) }
  }

  @Test func firstStoriesAreTheSameOnEveryMachine() {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for story in StoryGeneratorTests.stories(100, seed: 1, split: .training) {
      for byte in Array(story.text.utf8) + [0] {
        hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
      }
    }
    #expect(hash == 9_206_363_959_444_439_049)
  }

  @Test func aStoryDependsOnSeedAndIndexAlone() {
    let inOrder = StoryGeneratorTests.stories(20, split: .training)
    let generator = StoryGenerator(seed: 11, split: .training)
    for index in [19, 3, 3, 0, 12] { #expect(generator.story(UInt64(index)) == inOrder[index]) }
    #expect(StoryGenerator(seed: 12, split: .training).story(3) != inOrder[3])
    #expect(generator.story(3 + 1 << 32) != inOrder[3])
  }

  @Test func storiesDoNotRepeat() {
    let texts = StoryGeneratorTests.stories(20_000).map(\.text)
    #expect(Set(texts).count == texts.count)
  }

  @Test func splitsNeverShareAText() {
    for split in StorySplit.allCases {
      for story in StoryGeneratorTests.stories(500, split: split) {
        #expect(StorySplit(of: story.text) == split)
      }
    }
  }

  /// The stated share of the validation half lies within four standard deviations of the measured.
  @Test func validationHasItsShare() {
    let count = 20_000.0
    let found = StoryGeneratorTests.stories(UInt64(count), seed: 5)
      .count { StorySplit(of: $0.text) == .validation }
    let share = StorySplit.validation.probability
    let deviation = (count * share * (1 - share)).squareRoot()
    #expect(abs(Double(found) - count * share) < 4 * deviation)
    #expect(StorySplit.training.probability + share == 1)
  }

  @Test func theVocabularyIsWide() {
    var words: Set<String> = []
    for story in StoryGeneratorTests.stories(5000) {
      for word in StoryWord.words(of: story.text) { words.insert(word.text.lowercased()) }
    }
    #expect(words.count > 1200)
  }

  @Test func lengthsFitAShortContext() {
    let stories = StoryGeneratorTests.stories(5000)
    let lengths = stories.map { StoryWord.words(of: $0.text).count }
    let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
    #expect(mean > 120 && mean < 170)
    #expect(lengths.allSatisfy { $0 >= 90 && $0 <= 200 })
    // No story is so likely that it would come twice among millions.
    #expect(stories.allSatisfy { $0.nats > 60 })
  }

  @Test func articlesAgreeWithTheNextWord() throws {
    let wrong = try NSRegularExpression(
      pattern: #"\b[Aa] (?!one|use|uni|uku)[aeiouAEIOU]|\b[Aa]n (?!hour|hones)[^aeiouAEIOU]"#)
    for story in StoryGeneratorTests.stories(5000) {
      let range = NSRange(story.text.startIndex..., in: story.text)
      #expect(wrong.firstMatch(in: story.text, range: range) == nil, "\(story.text)")
    }
  }

  /// Spacing, capitals, quotes and paragraphs.
  @Test func typographyIsClean() throws {
    let slips = try NSRegularExpression(
      pattern: #"  | [,.!?]|[,.!?][A-Za-z]|\n\n\n|[^.!?"\n]\n|"#
        + #"(^|[.!?] |\."? |\n)[a-z]| $|^ |\b(\w+) \2\b"#)
    for story in StoryGeneratorTests.stories(3000) {
      let range = NSRange(story.text.startIndex..., in: story.text)
      #expect(slips.firstMatch(in: story.text, range: range) == nil, "\(story.text)")
      #expect(story.text.utf8.allSatisfy { $0 < 0x80 })
      #expect(story.text.utf8.count { $0 == UInt8(ascii: "\"") } % 2 == 0)
      #expect(story.text.components(separatedBy: "\n\n").count == 3)
    }
  }
}
