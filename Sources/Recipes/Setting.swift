public import Files
import Optimizers

/// What a setting is about: the section of the help that its flag stands in.
public enum SettingGroup: String, Sendable, CaseIterable {
  case data, model, optimizer, schedule, run, machine
}

/// What a setting says to its readers: its place in the help, and when it changes nothing.
public struct SettingWords: Sendable {
  /// The section of the help.
  public let group: SettingGroup
  /// What stands for the value in the help, such as `n`, `x` or `dir`.
  public let valueName: String
  /// One sentence for the help, with units, without the default.
  public let help: String
  /// The default in words, where it is more than the value in the table.
  public let usually: String?
  /// Whether its best value is each optimizer's own; then optimizers say whether they read it
  /// (``OptimizerRecipe/keys``).
  public let isOptimizers: Bool
  /// The other setting that makes this one idle.
  let idle: Idle?

  /// Another setting whose value makes one change nothing.
  struct Idle: Sendable {
    let key: String
    /// The flag that is the reason, for the user.
    let reason: String
    let holds: @Sendable (JSON) -> Bool
  }

  init(
    _ group: SettingGroup, _ valueName: String, _ help: String, usually: String? = nil,
    isOptimizers: Bool = false, idle: Idle? = nil
  ) {
    (self.group, self.valueName, self.help) = (group, valueName, help)
    (self.usually, self.isOptimizers, self.idle) = (usually, isOptimizers, idle)
  }
}

/// A row of a table of settings: all that is known of one, but for the type of its value in Swift.
public struct SettingRow: Sendable {
  /// What a flag of it takes.
  public enum Kind: Sendable { case text, integer, number, toggle }

  /// The key in JSON, which is the flag without `--`.
  public let key: String
  /// What its flag takes.
  public let kind: Kind
  /// What it expects, for messages.
  public let expected: String
  /// The value where nobody says another.
  public let initial: JSON
  /// Help and readers.
  public let words: SettingWords
  /// A value as it is kept; nil for what is not expected.
  let accepted: @Sendable (JSON) -> JSON?
}

/// A row with the type of its value.
public struct Setting<Value>: Sendable {
  /// The row.
  public let row: SettingRow
  let read: @Sendable (JSON) -> Value?
  let write: @Sendable (Value) -> JSON

  private init(
    _ key: String, _ kind: SettingRow.Kind, _ initial: Value, _ expected: String,
    _ words: SettingWords, write: @escaping @Sendable (Value) -> JSON,
    read: @escaping @Sendable (JSON) -> Value?,
    holds: @escaping @Sendable (Value) -> Bool = { _ in true }
  ) {
    (self.read, self.write) = (read, write)
    row = SettingRow(
      key: key, kind: kind, expected: expected, initial: write(initial), words: words,
      accepted: { json in read(json).flatMap { holds($0) ? write($0) : nil } })
  }
}

/// A setting of any type, as a table finds it among its properties.
protocol AnySetting { var row: SettingRow { get } }

extension Setting: AnySetting {}

extension Setting where Value == String {
  static func text(_ key: String, _ initial: String, _ words: SettingWords) -> Self {
    Self(key, .text, initial, "a string", words, write: { .string($0) }, read: { $0.stringValue })
  }

  static func choice(
    _ key: String, _ initial: String, _ choices: [String], _ words: SettingWords
  ) -> Self {
    let expected = "one of \(choices.joined(separator: ", "))"
    return Self(
      key, .text, initial, expected, words, write: { .string($0) }, read: { $0.stringValue },
      holds: choices.contains)
  }
}

extension Setting where Value == Bool {
  static func toggle(_ key: String, _ initial: Bool, _ words: SettingWords) -> Self {
    Self(key, .toggle, initial, "true or false", words, write: { .bool($0) }) { json in
      if case .bool(let value) = json { value } else { nil }
    }
  }
}

extension Setting where Value == Double {
  static func number(
    _ key: String, _ initial: Double, _ range: ClosedRange<Double>, _ words: SettingWords
  ) -> Self {
    let expected = "a number in \(range.lowerBound)...\(range.upperBound)"
    return Self(
      key, .number, initial, expected, words, write: { .number($0) }, read: { $0.doubleValue },
      holds: range.contains)
  }
}

extension Setting where Value == Int {
  static func integer(
    _ key: String, _ initial: Int, _ range: ClosedRange<Int>, _ words: SettingWords
  ) -> Self {
    let expected = "an integer in \(range.lowerBound)...\(range.upperBound)"
    return Self(
      key, .integer, initial, expected, words, write: { .integer($0) }, read: { $0.intValue },
      holds: range.contains)
  }
}

extension Setting where Value == Int? {
  /// An integer that need not be said.
  static func integer(_ key: String, _ range: ClosedRange<Int>, _ words: SettingWords) -> Self {
    let expected = "an integer in \(range.lowerBound)...\(range.upperBound), or null"
    return Self(
      key, .integer, nil, expected, words, write: { $0.map { .integer($0) } ?? .null },
      read: { $0 == .null ? .some(nil) : $0.intValue.map { .some($0) } },
      holds: { $0.map(range.contains) ?? true })
  }
}

extension Setting where Value == AutoRho.Band? {
  static func band(_ key: String, _ words: SettingWords) -> Self {
    let expected = "\"LOW:HIGH\" with 0 <= LOW < HIGH <= 1, or \"\" for none"
    return Self(
      key, .text, nil, expected, words, write: { .string($0?.description ?? "") },
      read: { json in
        json.stringValue.flatMap { $0.isEmpty ? .some(nil) : AutoRho.Band($0).map { .some($0) } }
      })
  }
}
