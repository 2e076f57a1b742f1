import Testing

@testable import Stories

/// The checker finds all of a good story's references right, and notices those that are made wrong.
struct StoryCheckerTests {
  private static let checker = StoryChecker.english

  private static func references(_ text: String) -> (right: Int, wrong: Int) {
    let found = checker.check(text)
    return (found.right, found.wrong)
  }

  private static let intro = """
    Once there was a brave girl named Mira near the old mill. One day, she took a small red kite to the \
    windy pond to meet her friend Tom.


    """

  @Test func generatedStoriesAreAllRight() {
    let generator = StoryGenerator(seed: 21)
    var sum = StoryReferences()
    for index in 0..<3000 {
      let story = generator.story(UInt64(index))
      let found = StoryCheckerTests.checker.check(story.text)
      #expect(found.wrong == 0, "\(story.text)")
      #expect(found.right >= 6, "\(story.text)")
      sum += found
    }
    #expect(sum.share == 1)
    for kind in StoryKind.allCases { #expect((sum.counts[kind]?.right ?? 0) > 500) }
  }

  @Test(arguments: [
    ("Mira lost the kite. \"Where is my red kite?\" asked Tom at the pond.", 5, 0),
    ("Vera lost the kite.", 1, 1),
    ("Mira lost the blue kite.", 1, 1),
    ("Mira lost the drum near the harbor.", 1, 2),
    ("Mira saw a drum. She took the drum to the mill.", 3, 0),
    ("They met a boy named Otto, and Otto laughed at Tom.", 2, 0),
    ("Then Miraton ran to the pond, and Gus waited.", 1, 2),
    ("There was Miraton by the pond.", 1, 1),
    ("On Monday I went home.", 0, 0),
  ])
  func referencesAreJudged(_ rest: String, _ right: Int, _ wrong: Int) {
    let found = StoryCheckerTests.references(StoryCheckerTests.intro + rest)
    #expect(found.right == right)
    #expect(found.wrong == wrong)
  }

  @Test func textWithoutParagraphsOrWithoutSenseIsJudgedToo() {
    let found = StoryCheckerTests.references(
      "Mira was a girl. She had a kite. She liked the pond. Mira took the kite to the mill.")
    #expect(found.right == 2)
    #expect(found.wrong == 1)
    #expect(StoryCheckerTests.checker.check("").share == nil)
    #expect(StoryCheckerTests.checker.check("\n\n\"!?\u{1F600} \n\n an the").share == nil)
  }

  /// All people after the first paragraph are replaced by others: no reference to them is right.
  @Test func swappedNamesAreNoticed() {
    let names = StoryNames.tables[0].rows.split { $0 == " " || $0 == "\n" }.map(String.init)
    let generator = StoryGenerator(seed: 22)
    var (before, after) = (StoryReferences(), StoryReferences())
    for index in 0..<200 {
      let text = generator.story(UInt64(index)).text
      let start = text.firstRange(of: "\n\n")?.lowerBound ?? text.startIndex
      let introduction = text[..<start]
      var swapped = String(text[start...])
      for word in StoryWord.words(of: String(introduction)) {
        let isName = StoryNames.tables[0...1].contains {
          $0.rows.split { $0 == " " || $0 == "\n" }.contains { $0 == word.text }
        }
        guard isName else { continue }
        let other = names[(index * 7 + 3) % names.count]
        if !introduction.contains(other) { swapped.replace(word.text, with: other) }
      }
      before += StoryCheckerTests.checker.check(text)
      after += StoryCheckerTests.checker.check(introduction + swapped)
    }
    #expect(before.wrong == 0)
    #expect(after.wrong > 800)
  }

  @Test func namesAreNotOrdinaryWords() {
    let lexicon = StoryLexicon.english
    var (names, words): (Set<String>, Set<String>) = ([], [])
    for entry in lexicon.entries {
      let word = String(decoding: entry.forms[0] ?? [], as: UTF8.self)
      let isName = word.first?.isUppercase == true
      if isName { names.insert(word.lowercased()) } else { words.insert(word) }
    }
    #expect(names.intersection(words).isEmpty)
  }
}
