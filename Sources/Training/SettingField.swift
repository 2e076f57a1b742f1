import Files
import Optimizers

/// One key of some settings: how it is read from and written to JSON.
public struct SettingField<Settings>: Sendable {
  /// The key, which is the flag without `--`.
  public let key: String
  /// What it expects, for messages.
  public let expected: String
  let get: @Sendable (Settings) -> JSON
  let set: @Sendable (inout Settings, JSON) -> Bool

  /// Takes values over.
  /// - source: where they come from, for messages; nil: flags.
  /// - others: keys that are known, but decided elsewhere.
  /// - Throws: ``TrainingError`` for an unknown key (naming the nearest) or a value out of range.
  static func apply(
    _ members: [JSONMember], to settings: inout Settings, _ fields: [Self], from source: String?,
    others: [String] = []
  ) throws(TrainingError) {
    let place = source.map { "\($0): " } ?? "--"
    for member in members {
      guard let field = fields.first(where: { $0.key.utf8.elementsEqual(member.key.utf8) }) else {
        let near = nearest(member.key, fields.map(\.key) + others)
        throw .configuration(
          "\(place)unknown key \"\(member.key.onOneLine)\"; did you mean \"\(near)\"?")
      }
      guard field.set(&settings, member.value) else {
        // JSON has no NaN; a flag may.
        let number = member.value.doubleValue.flatMap { $0.isFinite ? nil : "\($0)" }
        let found = number ?? String(decoding: member.value.serialized().prefix(60), as: UTF8.self)
        throw .configuration(
          "\(place)\(field.key): expected \(field.expected), found \(found.onOneLine)")
      }
    }
  }
}

extension SettingField {
  typealias Path<Value> = WritableKeyPath<Settings, Value> & Sendable

  /// - read: nil for what is not expected.
  private init<Value>(
    _ key: String, _ expected: String, _ path: Path<Value>,
    write: @escaping @Sendable (Value) -> JSON, read: @escaping @Sendable (JSON) -> Value?
  ) {
    (self.key, self.expected) = (key, expected)
    get = { write($0[keyPath: path]) }
    set = { settings, json in
      guard let value = read(json) else { return false }
      settings[keyPath: path] = value
      return true
    }
  }

  static func string(_ key: String, _ path: Path<String>) -> Self {
    Self(key, "a string", path, write: { .string($0) }, read: { $0.stringValue })
  }

  static func choice(_ key: String, _ path: Path<String>, _ choices: [String]) -> Self {
    Self(key, "one of \(choices.joined(separator: ", "))", path, write: { .string($0) }) { json in
      json.stringValue.flatMap { choices.contains($0) ? $0 : nil }
    }
  }

  static func band(_ key: String, _ path: Path<AutoRho.Band?>) -> Self {
    Self(
      key, "\"LOW:HIGH\" with 0 <= LOW < HIGH <= 1, or \"\" for none", path,
      write: { .string($0?.description ?? "") }
    ) { json in
      json.stringValue.flatMap { text in
        text.isEmpty ? .some(nil) : AutoRho.Band(text).map { .some($0) }
      }
    }
  }

  static func bool(_ key: String, _ path: Path<Bool>) -> Self {
    Self(key, "true or false", path, write: { .bool($0) }) { json in
      if case .bool(let value) = json { value } else { nil }
    }
  }

  static func integer(_ key: String, _ path: Path<Int>, _ range: ClosedRange<Int>) -> Self {
    Self(
      key, "an integer in \(range.lowerBound)...\(range.upperBound)", path,
      write: { .integer($0) }
    ) { json in json.intValue.flatMap { range.contains($0) ? $0 : nil } }
  }

  static func integer(_ key: String, _ path: Path<Int?>, _ range: ClosedRange<Int>) -> Self {
    Self(
      key, "an integer in \(range.lowerBound)...\(range.upperBound), or null", path,
      write: { $0.map { .integer($0) } ?? .null }
    ) { json in
      json == .null ? .some(nil) : json.intValue.flatMap { range.contains($0) ? .some($0) : nil }
    }
  }

  static func number(_ key: String, _ path: Path<Double>, _ range: ClosedRange<Double>) -> Self {
    Self(
      key, "a number in \(range.lowerBound)...\(range.upperBound)", path,
      write: { .number($0) }
    ) { json in json.doubleValue.flatMap { range.contains($0) ? $0 : nil } }
  }
}
