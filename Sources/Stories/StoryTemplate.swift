import Glibc

/// Compiles the templates of the stories into nodes of the grammar.
///
/// | in a template | means |
/// | --- | --- |
/// | `{red\|3:blue\|}` | one alternative, by weight (1 if none is written); may be empty |
/// | `<hero=girl>`, `<hero=girl.his>` | a word of the table `girl`, drawn now, remembered as
/// `hero` |
/// | `<=girl>` | a word of the table, not remembered |
/// | `<hero>`, `<hero.his>` | the remembered word, or another of its forms |
/// | `@ ` | "a " or "an ", by the next word |
/// | `^` | the next letter begins a sentence (after `!"` and `?"`) |
/// | `$name` | another rule |
///
/// A line break is a space, an empty line a new paragraph; line breaks beside `{`, `|` and `}`
/// vanish (one after `}` remains a space), so that long alternatives can have lines of their own.
struct StoryTemplateCompiler {
  let lexicon: StoryLexicon
  let rules: [String: String]
  private(set) var nodes: [StoryGrammar.Node] = []
  private(set) var roles: [String] = []
  private var compiled: [String: Int] = [:]
  private var open: Set<String> = []

  init(lexicon: StoryLexicon, rules: [String: String]) {
    (self.lexicon, self.rules) = (lexicon, rules)
  }

  mutating func compile(rule name: String) -> Int {
    if let node = compiled[name] { return node }
    guard let source = rules[name] else {
      preconditionFailure("story rule $\(name) does not exist")
    }
    precondition(open.insert(name).inserted, "story rule $\(name) contains itself")
    var rest = StoryTemplateCompiler.joinLines(source)[...]
    let node = sequence(&rest, in: name)
    precondition(rest.isEmpty, "story rule $\(name) has a stray | or }")
    open.remove(name)
    compiled[name] = node
    return node
  }

  /// Makes one line of a template: see the type's comment.
  static func joinLines(_ source: String) -> [UInt8] {
    var text: [UInt8] = []
    for line in source.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
      let words = Array(line.drop { $0 == 0x20 })
      if words.isEmpty {
        text += "\n\n".utf8
      } else {
        let glued = text.isEmpty || "{|\n".utf8.contains(text[text.count - 1])
        if !glued && !"|}".utf8.contains(words[0]) { text.append(0x20) }
        text += words
      }
    }
    return text
  }

  private mutating func add(_ node: StoryGrammar.Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  private mutating func sequence(_ rest: inout ArraySlice<UInt8>, in rule: String) -> Int {
    var (items, words): ([Int], [UInt8]) = ([], [])
    func isEnd(_ byte: UInt8?) -> Bool { byte == nil || byte == 0x7C || byte == 0x7D }
    while !isEnd(rest.first) {
      let byte = rest.removeFirst()
      guard "{<@^$".utf8.contains(byte) else {
        words.append(byte)
        continue
      }
      if !words.isEmpty { items.append(add(.words(words))) }
      words = []
      switch byte {
      case UInt8(ascii: "{"): items.append(choice(&rest, in: rule))
      case UInt8(ascii: "<"): items.append(slot(&rest, in: rule))
      case UInt8(ascii: "@"):
        precondition(rest.popFirst() == 0x20, "story rule $\(rule): @ without a space after it")
        items.append(add(.article))
      case UInt8(ascii: "^"): items.append(add(.sentence))
      default:
        let name = rest.prefix { $0 == 0x5F || isalnum(Int32($0)) != 0 }
        rest = rest.dropFirst(name.count)
        items.append(compile(rule: String(decoding: name, as: UTF8.self)))
      }
    }
    if !words.isEmpty { items.append(add(.words(words))) }
    return items.count == 1 ? items[0] : add(.sequence(items))
  }

  private mutating func choice(_ rest: inout ArraySlice<UInt8>, in rule: String) -> Int {
    var (alternatives, weights): ([Int], [UInt32]) = ([], [])
    repeat {
      let digits = rest.prefix { isdigit(Int32($0)) != 0 }
      var weight: UInt32 = 1
      if !digits.isEmpty, rest.dropFirst(digits.count).first == UInt8(ascii: ":") {
        weight = UInt32(String(decoding: digits, as: UTF8.self)) ?? 1
        rest = rest.dropFirst(digits.count + 1)
      }
      alternatives.append(sequence(&rest, in: rule))
      weights.append(weight)
    } while rest.popFirst() == UInt8(ascii: "|")
    let total = weights.reduce(0, +)
    var sums = weights
    for index in sums.indices.dropFirst() { sums[index] += sums[index - 1] }
    let nats = weights.map { log(Double(total) / Double($0)) }
    return add(.choice(StoryGrammar.Choice(nodes: alternatives, sums: sums, nats: nats)))
  }

  /// `role`, `role.form`, `role=table`, `role=table.form` or `=table.form`, up to `>`.
  private mutating func slot(_ rest: inout ArraySlice<UInt8>, in rule: String) -> Int {
    let slot = rest.prefix { $0 != UInt8(ascii: ">") }
    rest = rest.dropFirst(slot.count + 1)
    let parts = slot.split(separator: UInt8(ascii: "."), maxSplits: 1)
    let form = parts.count == 2 ? lexicon.form(String(decoding: parts[1], as: UTF8.self)) : 0
    let names = parts[0].split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
    let role = names[0].isEmpty ? nil : index(ofRole: String(decoding: names[0], as: UTF8.self))
    if names.count == 2 {
      let table = lexicon.table(String(decoding: names[1], as: UTF8.self))
      return add(.draw(role: role, table: table, form: form))
    }
    guard let role else { preconditionFailure("story rule $\(rule) has a slot without a name") }
    return add(.refer(role: role, form: form))
  }

  private mutating func index(ofRole name: String) -> Int {
    if let index = roles.firstIndex(of: name) { return index }
    roles.append(name)
    return roles.count - 1
  }
}
