import Glibc

/// What the grammar says of a text.
public struct StoryParse: Sendable, Equatable {
  /// −ln P(text), summed over all derivations.
  public var nats: Double
  /// The number of ways to derive the text: 1 for every story of the built-in grammar.
  public var derivations: Int
  /// The alternatives taken: (node, alternative) of each choice.
  let visited: Set<SIMD2<Int32>>
}

extension StoryGrammar {
  /// The exact −ln P of a text, or nil if the grammar cannot make it. Useful to judge what a model
  /// wrote: a text is in the language only if every sentence, agreement and reference is right.
  public func parse(_ text: String) -> StoryParse? {
    var parser = StoryParser(grammar: self, text: Array(text.utf8))
    parser.run(parser.push(start, -1), StoryTypesetter(), 0, 0)
    guard let least = parser.found.min() else { return nil }
    let sum = parser.found.reduce(0) { $0 + exp(least - $1) }
    return StoryParse(
      nats: least - log(sum), derivations: parser.found.count, visited: parser.visited)
  }
}

/// Depth-first search over all derivations of a text.
private struct StoryParser {
  let grammar: StoryGrammar
  var reading: StoryReading
  var bound: [Int]
  /// −ln P of each derivation found.
  var found: [Double] = []
  var visited: Set<SIMD2<Int32>> = []
  private var path: [SIMD2<Int32>] = []
  /// What is still to be read, as linked lists: a node and the index of the rest.
  private var rest: [(node: Int, next: Int)] = []

  init(grammar: StoryGrammar, text: [UInt8]) {
    self.grammar = grammar
    reading = StoryReading(bytes: text)
    bound = Array(repeating: -1, count: grammar.roles.count)
  }

  mutating func push(_ node: Int, _ next: Int) -> Int {
    rest.append((node, next))
    return rest.count - 1
  }

  mutating func run(_ list: Int, _ typesetter: StoryTypesetter, _ position: Int, _ nats: Double) {
    var (list, typesetter) = (list, typesetter)
    reading.position = position
    while list >= 0 {
      let (node, next) = rest[list]
      list = next
      switch grammar.nodes[node] {
      case .words(let words):
        guard typesetter.set(words, into: &reading) else { return }
      case .sequence(let nodes):
        for node in nodes.reversed() { list = push(node, list) }
      case .choice(let choice):
        return choose(choice, node, list, typesetter, nats)
      case .draw(let role, let table, let form):
        return draw(role, table, form, list, typesetter, nats)
      case .refer(let role, let form):
        let words = grammar.lexicon.words(bound[role], form)
        guard typesetter.set(words, into: &reading) else { return }
      case .article: typesetter.beginArticle()
      case .sentence: typesetter.beginSentence()
      }
    }
    guard reading.position == reading.bytes.count else { return }
    found.append(nats)
    visited.formUnion(path)
  }

  private mutating func choose(
    _ choice: StoryGrammar.Choice, _ node: Int, _ list: Int, _ typesetter: StoryTypesetter,
    _ nats: Double
  ) {
    let (mark, position) = (rest.count, reading.position)
    for (index, alternative) in choice.nodes.enumerated() {
      path.append(SIMD2(Int32(node), Int32(index)))
      run(push(alternative, list), typesetter, position, nats + choice.nats[index])
      path.removeLast()
      rest.removeLast(rest.count - mark)
    }
  }

  private mutating func draw(
    _ role: Int?, _ table: Int, _ form: Int, _ list: Int, _ typesetter: StoryTypesetter,
    _ nats: Double
  ) {
    let (mark, position) = (rest.count, reading.position)
    let free = grammar.lexicon.tables[table].entries.filter { !bound.contains($0) }
    let nats = nats + log(Double(free.count))
    for entry in free {
      var set = typesetter
      reading.position = position
      guard set.set(grammar.lexicon.words(entry, form), into: &reading) else { continue }
      let before = role.map { bound[$0] } ?? -1
      if let role { bound[role] = entry }
      run(list, set, reading.position, nats)
      if let role { bound[role] = before }
      rest.removeLast(rest.count - mark)
    }
  }
}
