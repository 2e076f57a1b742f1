import Foundation
import Machine
import Testing

@testable import Stories

/// The probability of a text is exact: one derivation each, found again from the text alone.
struct StoryGrammarTests {
  private static let grammar = StoryGrammar.english

  /// A generated story has one derivation, and the parser recovers its probability to the bit. All
  /// alternatives of all choices take part, so two that could be confused would be found.
  @Test func parsingRecoversTheProbability() throws {
    var visited: Set<SIMD2<Int32>> = []
    let generator = StoryGenerator(seed: 3)
    for index in 0..<2500 {
      let story = generator.story(UInt64(index))
      let parse = try #require(StoryGrammarTests.grammar.parse(story.text), "\(story.text)")
      #expect(parse.derivations == 1, "\(story.text)")
      #expect(parse.nats == story.nats)
      visited.formUnion(parse.visited)
    }
    for (node, content) in StoryGrammarTests.grammar.nodes.enumerated() {
      guard case .choice(let choice) = content else { continue }
      for alternative in choice.nodes.indices {
        #expect(visited.contains(SIMD2(Int32(node), Int32(alternative))), "\(node) \(alternative)")
      }
    }
  }

  @Test func otherTextsAreNotInTheLanguage() throws {
    let text = StoryGenerator(seed: 3).story(1).text
    let grammar = StoryGrammarTests.grammar
    #expect(grammar.parse(text) != nil)
    #expect(grammar.parse("") == nil)
    #expect(grammar.parse(text + " ") == nil)
    #expect(grammar.parse(String(text.dropLast())) == nil)
    // Each word once doubled or left out.
    let words = text.split(separator: " ")
    for index in words.indices {
      var other = words
      other.insert(words[index], at: index)
      #expect(grammar.parse(other.joined(separator: " ")) == nil)
    }
  }

  @Test func noRoleIsUsedBeforeItIsDrawn() {
    let grammar = StoryGrammarTests.grammar
    var walk = RoleWalk(grammar: grammar)
    _ = walk.bound(after: grammar.start, [])
    #expect(walk.early.isEmpty, "\(walk.early)")
  }

  @Test func alternativesDifferAndEveryTableIsUsed() {
    let grammar = StoryGrammarTests.grammar
    var used: Set<Int> = []
    for node in grammar.nodes {
      switch node {
      case .choice(let choice):
        #expect(Set(choice.nodes.map { grammar.source($0) }).count == choice.nodes.count)
      case .draw(_, let table, _): used.insert(table)
      default: break
      }
    }
    let unions = Set(
      (StoryNames.tables + StoryBeings.tables + StoryThings.tables + StoryPlaces.tables)
        .flatMap(\.union))
    for (index, table) in grammar.lexicon.tables.enumerated() {
      #expect(used.contains(index) || unions.contains(table.name), "\(table.name)")
      let words = table.entries.map { grammar.lexicon.words($0, 0) }
      #expect(Set(words).count == words.count, "\(table.name) has a word twice")
    }
  }

  /// In a grammar small enough to write out, all texts' probabilities sum to one, and a text that
  /// two derivations lead to has the sum of both.
  @Test func probabilitiesOfASmallGrammarSumToOne() throws {
    var lexicon = StoryLexicon()
    lexicon.add(StoryLexicon.Source(name: "n", kind: .person, rows: "Ann Bob Eve"))
    let rules = ["s": "{2:<a=n> met <b=n>|1:<a=n>}{.| and {<a>|Bob}.}"]
    let grammar = StoryGrammar(lexicon: lexicon, rules: rules, start: "s")
    var texts: [String: Double] = [:]
    for index in 0..<2000 {
      var draws = StoryDraws(philox: Philox(seed: 1), index: UInt64(index), sub: 0)
      let (bytes, _) = grammar.write(&draws)
      let text = String(decoding: bytes, as: UTF8.self)
      if texts[text] == nil { texts[text] = exp(-(try #require(grammar.parse(text)).nats)) }
    }
    #expect(abs(texts.values.reduce(0, +) - 1) < 1e-12)
    // 1/3 for being alone, 1/3 for Bob, 1/2 for "and", then either way.
    #expect(abs((texts["Bob and Bob."] ?? 0) - 1.0 / 18) < 1e-15)
    #expect(grammar.parse("Bob and Bob.")?.derivations == 2)
    #expect(abs((texts["Ann met Eve."] ?? 0) - 2.0 / 3 / 6 / 2) < 1e-15)
    #expect(grammar.parse("Ann met Ann.") == nil)
  }
}

/// Follows all choices at once, with the roles that are drawn on every way to a place.
private struct RoleWalk {
  let grammar: StoryGrammar
  var early: Set<String> = []

  init(grammar: StoryGrammar) { self.grammar = grammar }

  mutating func bound(after node: Int, _ before: Set<Int>) -> Set<Int> {
    switch grammar.nodes[node] {
    case .sequence(let nodes):
      return nodes.reduce(before) { bound(after: $1, $0) }
    case .choice(let choice):
      let ends = choice.nodes.map { bound(after: $0, before) }
      return ends.dropFirst().reduce(ends[0]) { $0.intersection($1) }
    case .draw(let role?, _, _): return before.union([role])
    case .refer(let role, _):
      if !before.contains(role) { early.insert(grammar.roles[role]) }
      return before
    default: return before
    }
  }
}

extension StoryGrammar {
  /// What a node says, to compare nodes by.
  fileprivate func source(_ node: Int) -> String {
    switch nodes[node] {
    case .words(let words): return String(decoding: words, as: UTF8.self)
    case .sequence(let nodes): return nodes.map { source($0) }.joined()
    case .choice(let choice):
      return "{" + choice.nodes.map { source($0) }.joined(separator: "|") + "}"
    case .draw(let role, let table, let form): return "<\(role ?? -1)=\(table).\(form)>"
    case .refer(let role, let form): return "<\(role).\(form)>"
    case .article: return "@"
    case .sentence: return "^"
    }
  }
}
