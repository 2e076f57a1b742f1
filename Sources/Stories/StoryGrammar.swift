import Glibc

/// The grammar of the built-in stories, compiled: alternatives with integer weights, and roles (the
/// hero, the lost thing, the place, …) that are drawn where they are first named and referred to
/// afterwards. A text's probability is the product of the choices that lead to it; templates are
/// written so that only one set of choices leads to each text, and `parse` would add them up if
/// there were several.
public struct StoryGrammar: Sendable {
  /// The grammar of the built-in corpus.
  public static let english = StoryGrammar(
    lexicon: StoryLexicon.english, rules: StoryPhrases.rules.merging(StoryPlots.rules) { $1 },
    start: "story")

  /// What a place of a template is: words, a choice, or a role.
  enum Node: Sendable {
    case words([UInt8])
    case sequence([Int])
    case choice(Choice)
    /// A word of a table, remembered as the role's (or, for nil, forgotten), in one of its forms.
    case draw(role: Int?, table: Int, form: Int)
    /// A form of the role's word, drawn earlier.
    case refer(role: Int, form: Int)
    case article
    case sentence
  }

  /// Alternatives, the running sums of their weights, and −ln of each one's probability.
  struct Choice: Sendable {
    var nodes: [Int]
    var sums: [UInt32]
    var nats: [Double]
  }

  let lexicon: StoryLexicon
  let nodes: [Node]
  let start: Int
  let roles: [String]

  init(lexicon: StoryLexicon, rules: [String: String], start: String) {
    var compiler = StoryTemplateCompiler(lexicon: lexicon, rules: rules)
    self.start = compiler.compile(rule: start)
    (self.lexicon, nodes, roles) = (lexicon, compiler.nodes, compiler.roles)
  }

  /// Draws a story: its bytes and −ln of its probability.
  func write(_ draws: inout StoryDraws) -> (bytes: [UInt8], nats: Double) {
    var draft = Draft(grammar: self)
    draft.page.bytes.reserveCapacity(1024)
    draft.expand(start, &draws)
    return (draft.page.bytes, draft.nats)
  }

  /// A story while it is being written.
  private struct Draft {
    let grammar: StoryGrammar
    var page = StoryPage()
    var typesetter = StoryTypesetter()
    var bound: [Int]
    var nats = 0.0

    init(grammar: StoryGrammar) {
      self.grammar = grammar
      bound = Array(repeating: -1, count: grammar.roles.count)
    }

    mutating func expand(_ node: Int, _ draws: inout StoryDraws) {
      switch grammar.nodes[node] {
      case .words(let words): _ = typesetter.set(words, into: &page)
      case .sequence(let nodes): for node in nodes { expand(node, &draws) }
      case .choice(let choice):
        let draw = draws.below(choice.sums[choice.sums.count - 1])
        let index = choice.sums.firstIndex { draw < $0 } ?? 0
        nats += choice.nats[index]
        expand(choice.nodes[index], &draws)
      case .draw(let role, let table, let form):
        let entry = draw(from: grammar.lexicon.tables[table].entries, &draws)
        if let role { bound[role] = entry }
        _ = typesetter.set(grammar.lexicon.words(entry, form), into: &page)
      case .refer(let role, let form):
        precondition(bound[role] >= 0, "story role \(grammar.roles[role]) is not drawn yet")
        _ = typesetter.set(grammar.lexicon.words(bound[role], form), into: &page)
      case .article: typesetter.beginArticle()
      case .sentence: typesetter.beginSentence()
      }
    }

    /// One of the entries that no role has taken, each as likely as the other.
    private mutating func draw(from entries: [Int], _ draws: inout StoryDraws) -> Int {
      let taken = entries.count { bound.contains($0) }
      nats += log(Double(entries.count - taken))
      var left = draws.below(UInt32(entries.count - taken))
      for entry in entries where !bound.contains(entry) {
        if left == 0 { return entry }
        left -= 1
      }
      preconditionFailure("a story table has no word left")
    }
  }
}
