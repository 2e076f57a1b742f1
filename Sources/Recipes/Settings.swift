public import Files

/// Settings that no run can have. One line for the user, with flag or file, expected and found.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The line.
  public let description: String

  /// Says `description`.
  public init(_ description: String) { self.description = description }
}

/// Rows that belong together, each a property of type ``Setting``, in the order of the file.
public protocol SettingRows: Sendable {
  /// The table of these rows, as the program has it.
  static var standard: SettingTable<Self> { get }
  /// Keys that are known, but belong to other tables: candidates for "did you mean".
  static var relatedKeys: [String] { get }
}

/// Rows, and where each stands.
public final class SettingTable<Rows: SettingRows>: Sendable {
  /// The rows as properties.
  public let settings: Rows
  /// The rows in the order of the file.
  public let rows: [SettingRow]
  private let places: [String: Int]

  /// The table of the properties of `settings`. Two of the same key are a mistake of the program.
  public init(_ settings: Rows) {
    self.settings = settings
    rows = Mirror(reflecting: settings).children.compactMap { ($0.value as? any AnySetting)?.row }
    places = Dictionary(uniqueKeysWithValues: zip(rows.map(\.key), rows.indices))
  }

  /// The keys in the order of the file.
  public var keys: [String] { rows.map(\.key) }

  /// Where a key stands; nil for one that is not here. Keys are compared byte by byte.
  func place(_ key: String) -> Int? {
    places[key].flatMap { rows[$0].key.utf8.elementsEqual(key.utf8) ? $0 : nil }
  }

  /// The row of a key.
  public subscript(key: String) -> SettingRow? { place(key).map { rows[$0] } }
}

/// A value for each row of a table, read and written as properties under the rows' names.
@dynamicMemberLookup
public struct Settings<Rows: SettingRows>: Sendable, Equatable {
  /// Where they are declared.
  public let table: SettingTable<Rows>
  private var values: [JSON]

  /// The initial values of a table.
  public init(_ table: SettingTable<Rows> = Rows.standard) {
    (self.table, values) = (table, table.rows.map(\.initial))
  }

  /// The value of a row. A value that is set is not checked, but for its type.
  public subscript<Value>(dynamicMember path: KeyPath<Rows, Setting<Value>>) -> Value {
    get {
      let setting = table.settings[keyPath: path]
      let stored = values[place(of: setting.row)]
      guard let value = setting.read(stored) else {
        preconditionFailure("\(setting.row.key): \(stored) is of another type")
      }
      return value
    }
    set {
      let setting = table.settings[keyPath: path]
      values[place(of: setting.row)] = setting.write(newValue)
    }
  }

  /// The value of a key as JSON; nil for a key that is not here.
  public subscript(key: String) -> JSON? { table.place(key).map { values[$0] } }

  /// As JSON, every key.
  public var json: JSON { .object(members) }

  /// As members of a JSON object, every key.
  public var members: [JSONMember] { zip(table.keys, values).map { JSONMember($0, $1) } }

  /// Whether the values are the same.
  public static func == (a: Self, b: Self) -> Bool { a.values == b.values }

  /// Takes the values of a JSON object over.
  /// - source: where it comes from, for messages; nil: flags.
  /// - Throws: ``ConfigurationError`` for an unknown key (naming the nearest) or a value out of range.
  public mutating func apply(
    _ members: [JSONMember], from source: String?
  ) throws(ConfigurationError) {
    let origin = source.map { "\($0): " } ?? "--"
    for member in members {
      guard let place = table.place(member.key) else {
        let near = nearest(member.key, table.keys + Rows.relatedKeys)
        throw ConfigurationError(
          "\(origin)unknown key \"\(member.key.onOneLine)\"; did you mean \"\(near)\"?")
      }
      let row = table.rows[place]
      guard let value = row.accepted(member.value) else {
        // JSON has no NaN; a flag may.
        let number = member.value.doubleValue.flatMap { $0.isFinite ? nil : "\($0)" }
        let found = number ?? String(decoding: member.value.serialized().prefix(60), as: UTF8.self)
        throw ConfigurationError(
          "\(origin)\(row.key): expected \(row.expected), found \(found.onOneLine)")
      }
      values[place] = value
    }
  }

  private func place(of row: SettingRow) -> Int {
    guard let place = table.place(row.key) else {
      preconditionFailure("\(row.key) is no row of the table")
    }
    return place
  }
}
