/// What a word of the lexicon stands for, where it is something that stories refer back to.
public enum StoryKind: Sendable, Equatable, CaseIterable {
  case person
  case animal
  case object
  case place
}

/// The words of the stories: tables of entries, each with the forms that sentences need.
struct StoryLexicon: Sendable {
  /// A word and its forms.
  struct Entry: Sendable {
    var kind: StoryKind?
    /// Indexed by form; form 0 is the word itself.
    var forms: [[UInt8]?]
  }

  /// A table: indices of its entries.
  struct Table: Sendable {
    var name: String
    var entries: [Int]
  }

  private(set) var entries: [Entry] = []
  private(set) var tables: [Table] = []
  private var formNames = ["word"]

  /// The lexicon of the built-in corpus.
  static let english: StoryLexicon = {
    var lexicon = StoryLexicon()
    let people = StoryNames.tables + StoryBeings.tables
    for source in people + StoryThings.tables + StoryPlaces.tables { lexicon.add(source) }
    for source in StoryEvents.tables + StoryWords.tables { lexicon.add(source) }
    return lexicon
  }()

  /// A table as it is written down.
  struct Source: Sendable {
    var name: String
    var kind: StoryKind?
    /// Names of the forms that a row lists after the word.
    var columns: [String] = []
    /// Forms that all words of the table share; a * stands for the word.
    var shared: [String: String] = [:]
    /// One word a row with its forms after slashes; without columns, spaces part words too.
    var rows = ""
    /// Tables whose words this table also has.
    var union: [String] = []
  }

  mutating func add(_ source: Source) {
    var table = Table(name: source.name, entries: [])
    for name in source.union { table.entries += tables[self.table(name)].entries }
    let rows = source.rows.split { $0 == "\n" || source.columns.isEmpty && $0 == " " }
    for row in rows {
      let cells = row.split(separator: "/").map { String($0.trimmed) }
      precondition(cells.count == source.columns.count + 1, "story word \(row): forms missing")
      var entry = Entry(kind: source.kind, forms: [Array(cells[0].utf8)])
      for (name, words) in zip(source.columns, cells.dropFirst()) { set(name, words, &entry) }
      for (name, form) in source.shared {
        let parts = form.split(separator: "*", omittingEmptySubsequences: false)
        set(name, parts.joined(separator: cells[0]), &entry)
      }
      entries.append(entry)
      table.entries.append(entries.count - 1)
    }
    tables.append(table)
  }

  private mutating func set(_ name: String, _ words: String, _ entry: inout Entry) {
    if !formNames.contains(name) { formNames.append(name) }
    let index = form(name)
    while entry.forms.count <= index { entry.forms.append(nil) }
    entry.forms[index] = Array(words.utf8)
  }

  func form(_ name: String) -> Int {
    guard let index = formNames.firstIndex(of: name) else {
      preconditionFailure("story form .\(name) does not exist")
    }
    return index
  }

  func table(_ name: String) -> Int {
    guard let index = tables.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("story table \(name) does not exist")
    }
    return index
  }

  func words(_ entry: Int, _ form: Int) -> [UInt8] {
    let forms = entries[entry].forms
    guard form < forms.count, let words = forms[form] else {
      let word = String(decoding: forms[0] ?? [], as: UTF8.self)
      preconditionFailure("story word \(word) has no form .\(formNames[form])")
    }
    return words
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}
