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
        let found = String(decoding: member.value.serialized().prefix(60), as: UTF8.self)
        throw .configuration(
          "\(place)\(field.key): expected \(field.expected), found \(found.onOneLine)")
      }
    }
  }
}

extension SettingField {
  typealias Path<Value> = WritableKeyPath<Settings, Value> & Sendable

  static func string(_ key: String, _ path: Path<String>) -> Self {
    Self(key: key, expected: "a string", get: { .string($0[keyPath: path]) }) { c, json in
      guard let value = json.stringValue else { return false }
      c[keyPath: path] = value
      return true
    }
  }

  static func choice(_ key: String, _ path: Path<String>, _ choices: [String]) -> Self {
    Self(
      key: key, expected: "one of \(choices.joined(separator: ", "))",
      get: { .string($0[keyPath: path]) }
    ) { c, json in
      guard let value = json.stringValue, choices.contains(value) else { return false }
      c[keyPath: path] = value
      return true
    }
  }

  static func band(_ key: String, _ path: Path<AutoRho.Band?>) -> Self {
    Self(
      key: key, expected: "\"LOW:HIGH\" with 0 <= LOW < HIGH <= 1, or \"\" for none",
      get: { .string($0[keyPath: path]?.description ?? "") }
    ) { c, json in
      guard let text = json.stringValue else { return false }
      let band = AutoRho.Band(text)
      guard band != nil || text.isEmpty else { return false }
      c[keyPath: path] = band
      return true
    }
  }

  static func bool(_ key: String, _ path: Path<Bool>) -> Self {
    Self(key: key, expected: "true or false", get: { .bool($0[keyPath: path]) }) { c, json in
      guard case .bool(let value) = json else { return false }
      c[keyPath: path] = value
      return true
    }
  }

  static func integer(_ key: String, _ path: Path<Int>, _ range: ClosedRange<Int>) -> Self {
    Self(
      key: key, expected: "an integer in \(range.lowerBound)...\(range.upperBound)",
      get: { .integer($0[keyPath: path]) }
    ) { c, json in
      guard let value = json.intValue, range.contains(value) else { return false }
      c[keyPath: path] = value
      return true
    }
  }

  static func integer(_ key: String, _ path: Path<Int?>, _ range: ClosedRange<Int>) -> Self {
    Self(
      key: key, expected: "an integer in \(range.lowerBound)...\(range.upperBound), or null",
      get: { $0[keyPath: path].map { .integer($0) } ?? .null }
    ) { c, json in
      guard json == .null || json.intValue.map(range.contains) == true else { return false }
      c[keyPath: path] = json.intValue
      return true
    }
  }

  static func number(_ key: String, _ path: Path<Double>, _ range: ClosedRange<Double>) -> Self {
    Self(
      key: key, expected: "a number in \(range.lowerBound)...\(range.upperBound)",
      get: { .number($0[keyPath: path]) }
    ) { c, json in
      guard let value = json.doubleValue, range.contains(value) else { return false }
      c[keyPath: path] = value
      return true
    }
  }
}
