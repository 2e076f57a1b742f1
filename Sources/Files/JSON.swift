/// A JSON value. Objects keep the order of their members. Strings are compared by their bytes, not
/// by Unicode's canonical equivalence: two names of a hostile file that look alike stay two names.
public enum JSON: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number written without fraction and exponent that fits an `Int`.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSON])
  /// An object, its members in their order.
  case object([JSONMember])

  /// The value of the first member of that name, if this is an object that has it. Looks at each
  /// member in turn; to go through a large object use `objectValue`.
  public subscript(key: String) -> JSON? {
    objectValue?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The string, if it is one.
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

  /// The integer, if it is one.
  public var intValue: Int? { if case .integer(let value) = self { value } else { nil } }

  /// The number, if it is one, integers too.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The truth value, if it is one.
  public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The elements, if it is an array.
  public var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }

  /// The members, if it is an object.
  public var objectValue: [JSONMember]? { if case .object(let value) = self { value } else { nil } }

  /// What kind of value it is, in words for a message: "a string", "an object", …
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "the integer \(value)"
    case .number(let value): "the number \(value)"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// Whether two values are the same; strings by their bytes.
  public static func == (a: JSON, b: JSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

/// A member of an object.
public struct JSONMember: Sendable, Equatable {
  /// Its name.
  public var key: String
  /// Its value.
  public var value: JSON

  /// A member.
  public init(key: String, value: JSON) { (self.key, self.value) = (key, value) }

  /// A member.
  public init(_ key: String, _ value: JSON) { (self.key, self.value) = (key, value) }

  /// Whether name and value are the same; names by their bytes.
  public static func == (a: JSONMember, b: JSONMember) -> Bool {
    a.key.utf8.elementsEqual(b.key.utf8) && a.value == b.value
  }
}

extension JSON: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An integer.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An array.
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// An object whose members are in the order of the literal.
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }
}
