/// How often references to what was named earlier are right.
public struct StoryReferences: Sendable, Equatable {
  /// References of one kind.
  public struct Count: Sendable, Equatable {
    /// The person, animal, thing or place was named before (and had that color, if one is
    /// mentioned).
    public var right = 0
    /// Another one of the lexicon, or a name that does not exist, stands there.
    public var wrong = 0
  }

  /// By `StoryKind`.
  public private(set) var counts: [StoryKind: Count] = [:]

  /// References of all kinds that are right.
  public var right: Int { counts.values.reduce(0) { $0 + $1.right } }
  /// References of all kinds that are wrong.
  public var wrong: Int { counts.values.reduce(0) { $0 + $1.wrong } }
  /// The share of references that are right; nil if there are none.
  public var share: Double? { right + wrong == 0 ? nil : Double(right) / Double(right + wrong) }

  /// No references.
  public init() {}

  mutating func add(_ kind: StoryKind, isRight: Bool) {
    if isRight {
      counts[kind, default: Count()].right += 1
    } else {
      counts[kind, default: Count()].wrong += 1
    }
  }

  /// Adds the counts of another text.
  public static func += (sum: inout StoryReferences, other: StoryReferences) {
    for (kind, count) in other.counts {
      sum.counts[kind, default: Count()].right += count.right
      sum.counts[kind, default: Count()].wrong += count.wrong
    }
  }
}

/// Counts right and wrong references in any text, also in one that a model wrote with errors in
/// it: it looks at words of the lexicon and the words before them, and parses nothing.
///
/// - A name is introduced by being the first of the text, by "named", "called", "call it" or "name
/// is", or by a word such as "friend" or "sister" before it; villages are in the first paragraph.
/// Every other name is a reference. A capital inside a sentence that no name has is a wrong one.
/// - A noun (thing, animal, place, somebody's trade) is introduced by the first paragraph or by
///   "a" or "an". After that, one that follows "the", "my", "her", … is a reference, and
/// if an adjective of the lexicon stands between, noun and adjective must have been introduced
/// together.
public struct StoryChecker: Sendable {
  /// The checker for the built-in corpus.
  public static let english = StoryChecker(lexicon: .english)

  private var names: [String: StoryKind] = [:]
  private var nouns: [String: StoryKind] = [:]
  private var looks: Set<String> = []
  private var kin: Set<String> = ["sister", "brother", "named", "called"]
  private static let days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday I"
  private var capitalized = Set(days.split(separator: " ").map(String.init))
  private static let definite = Set(
    ["the", "my", "your", "his", "her", "its", "our", "their", "this", "that", "these", "those"])

  init(lexicon: StoryLexicon) {
    for table in lexicon.tables {
      for entry in table.entries {
        let word = String(decoding: lexicon.words(entry, 0), as: UTF8.self)
        if let kind = lexicon.entries[entry].kind {
          let isName = word.utf8.first.map { $0 < 0x60 } ?? false
          if isName { names[word] = kind } else { nouns[word] = kind }
        } else if table.name.hasSuffix("look") || table.name == "color" {
          looks.insert(word)
        } else if table.name == "kin" {
          kin.insert(word)
        }
      }
    }
  }

  /// Counts the references of a text, which should be one story.
  public func check(_ text: String) -> StoryReferences {
    var reading = Reading(checker: self, words: StoryWord.words(of: text))
    for index in reading.words.indices { reading.read(index) }
    return reading.found
  }

  /// One pass over a text.
  private struct Reading {
    let checker: StoryChecker
    let words: [StoryWord]
    var found = StoryReferences()
    private var known: Set<String> = []
    private var hasHero = false

    init(checker: StoryChecker, words: [StoryWord]) {
      (self.checker, self.words) = (checker, words)
    }

    mutating func read(_ index: Int) {
      let word = words[index]
      if let kind = checker.names[word.text] {
        readName(word, kind, index)
      } else if word.isCapitalized, !word.beginsSentence {
        let exists = checker.capitalized.contains(word.text)
        if !exists { found.add(.person, isRight: false) }
      } else if let kind = checker.nouns[word.text.lowercased()] {
        readNoun(word.text.lowercased(), kind, index)
      }
    }

    private mutating func readName(_ word: StoryWord, _ kind: StoryKind, _ index: Int) {
      let before = index > 0 ? words[index - 1].text : ""
      let second = index > 1 ? words[index - 2].text : ""
      let isFirst = kind == .person && !hasHero
      if kind == .person { hasHero = true }
      let isPet = kind == .animal && (before == "it" && second == "call" || before == "is")
      let isVillage = kind == .place && word.paragraph == 0
      if isFirst || isPet || isVillage || kind != .place && checker.kin.contains(before) {
        known.insert(word.text)
      } else {
        found.add(kind, isRight: known.contains(word.text))
      }
    }

    private mutating func readNoun(_ noun: String, _ kind: StoryKind, _ index: Int) {
      var (first, look) = (index - 1, "")
      // Up to three adjectives: "the small red kite".
      while first >= 0, index - first <= 3, !words[first].isDeterminer {
        if look.isEmpty, checker.looks.contains(words[first].text) { look = words[first].text }
        first -= 1
      }
      let determiner = first >= 0 && words[first].isDeterminer ? words[first].text.lowercased() : ""
      let isDirect = first == index - 1 || first == index - 2 && !look.isEmpty
      if StoryChecker.definite.contains(determiner), isDirect, words[index].paragraph > 0 {
        let name = look.isEmpty ? noun : look + " " + noun
        found.add(kind, isRight: known.contains(name))
      } else if determiner == "a" || determiner == "an" || words[index].paragraph == 0 {
        known.insert(noun)
        if !look.isEmpty { known.insert(look + " " + noun) }
      }
    }
  }
}
