/// The member names of one object: looked up one by one while they are few, then by hash.
struct JSONNameSet {
  private struct Name: Hashable {
    let string: String

    static func == (a: Name, b: Name) -> Bool {
      var (a, b) = (a.string, b.string)
      return a.withUTF8 { a in b.withUTF8 { b in a.count == b.count && a.elementsEqual(b) } }
    }

    func hash(into hasher: inout Hasher) {
      var string = string
      string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  private var hashed: Set<Name> = []

  /// Adds a name to those of `members`; false if it was there.
  mutating func insert(_ key: String, after members: [JSONMember]) -> Bool {
    if members.count < 8 { return !members.contains { $0.key.utf8.elementsEqual(key.utf8) } }
    if members.count == 8 { hashed = Set(members.map { Name(string: $0.key) }) }
    return hashed.insert(Name(string: key)).inserted
  }
}
