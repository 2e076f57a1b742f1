public import Files
import Recipes
import Training

/// Reads a study file strictly: an unknown key is an error that names the nearest.
extension Study {
  /// Reads the file.
  /// - Throws: ``ComparisonError`` that names file, place, expected and found.
  public init(
    file: String, files: any FileSystem = LocalFileSystem()
  ) throws(ComparisonError) {
    let bytes = try asComparison { try files.readBytes(file, limit: 1 << 20) }
    try self.init(parsing: bytes, file: file)
  }

  /// Reads the bytes of a study file.
  public init(parsing bytes: [UInt8], file: String) throws(ComparisonError) {
    let json = try asComparison { try JSON(parsing: bytes, name: file) }
    let top = try StudyObject(json, file: file, place: "study")
    try top.allow([
      "title", "model", "data", "tokenizer", "tokens", "seeds", "finalist-seeds", "baseline",
      "eval-every", "eval-tokens", "settings", "arms",
    ])
    let list = try StudyObject(top.required("arms", "an object of arms"), file: file, place: "arms")
    let shared = try StudyObject(json["settings"] ?? .object([]), file: file, place: "settings")
    self.init(
      file: file, title: "", model: try top.string("model"),
      tokens: try top.integer("tokens", 1...1 << 50), seeds: try top.seeds("seeds"),
      baseline: try top.string("baseline"), settings: try shared.settings(),
      arms: try list.members.map { (arm) throws(ComparisonError) in
        try StudyObject(arm.value, file: file, place: "arms: \(arm.key)").arm(named: arm.key)
      })
    data = try top.string("data", default: "")
    tokenizer = try top.string("tokenizer", default: "")
    title = try top.string("title", default: "Comparison: \(model)")
    if json["finalist-seeds"] != nil { finalistSeeds = try top.seeds("finalist-seeds") }
    if json["eval-every"] != nil { evalEvery = try top.integer("eval-every", 1...1 << 31) }
    if json["eval-tokens"] != nil { evalTokens = try top.integer("eval-tokens", 1...1 << 31) }
    guard !arms.contains(where: { $0.name.isEmpty }) else {
      throw list.invalid("names of arms", "an empty one")
    }
    guard !arms.isEmpty else { throw list.invalid("at least one arm", "none") }
    guard arms.contains(where: { $0.name.utf8.elementsEqual(baseline.utf8) }) else {
      let near = nearest(baseline, arms.map(\.name))
      throw top.invalid("baseline", "the name of an arm (did you mean \"\(near)\"?)", baseline)
    }
  }
}

/// An object of a study file, and the keys that lead to it.
private struct StudyObject {
  let members: [JSONMember]
  let file: String
  let place: String

  init(_ json: JSON, file: String, place: String) throws(ComparisonError) {
    guard let members = json.objectValue else {
      throw .invalid(file: file, place: place, expected: "an object", found: json.kind)
    }
    (self.members, self.file, self.place) = (members, file, place)
  }

  private subscript(key: String) -> JSON? { JSON.object(members)[key] }

  private var isTop: Bool { place == "study" }

  func invalid(_ key: String, _ expected: String, _ found: String) -> ComparisonError {
    .invalid(
      file: file, place: isTop ? key : "\(place): \(key)", expected: expected, found: found)
  }

  func invalid(_ expected: String, _ found: String) -> ComparisonError {
    .invalid(file: file, place: place, expected: expected, found: found)
  }

  private func unknown(_ key: String, _ known: [String]) -> ComparisonError {
    .unknownKey(
      file: file, place: isTop ? "" : place, key: key, nearest: nearest(key, known))
  }

  func allow(_ keys: [String]) throws(ComparisonError) {
    for member in members where !keys.contains(member.key) { throw unknown(member.key, keys) }
  }

  func required(_ key: String, _ expected: String) throws(ComparisonError) -> JSON {
    guard let value = self[key] else { throw invalid(key, expected, "nothing") }
    return value
  }

  func string(_ key: String, default other: String? = nil) throws(ComparisonError) -> String {
    if let other, self[key] == nil { return other }
    let value = try required(key, "a string")
    guard let text = value.stringValue else { throw invalid(key, "a string", value.kind) }
    return text
  }

  func integer(_ key: String, _ range: ClosedRange<Int>) throws(ComparisonError) -> Int {
    let expected = "an integer in \(range.lowerBound)...\(range.upperBound)"
    let value = try required(key, expected)
    // 2e7 is the same number, as other programs write it.
    guard let number = value.intValue ?? value.doubleValue.flatMap({ Int(exactly: $0) }),
      range.contains(number)
    else {
      throw invalid(key, expected, Self.text(value))
    }
    return number
  }

  func seeds(_ key: String) throws(ComparisonError) -> [Int] {
    let value = try required(key, "a list of seeds")
    let numbers = (value.arrayValue ?? []).compactMap(\.intValue).filter { $0 >= 0 }
    guard !numbers.isEmpty, numbers.count == value.arrayValue?.count,
      Set(numbers).count == numbers.count
    else {
      throw invalid(key, "a list of different integers of at least 0", Self.text(value))
    }
    return numbers
  }

  /// What all arms share: single values.
  func settings() throws(ComparisonError) -> [JSONMember] {
    for member in members { try check(member.key, member.value) }
    return members
  }

  /// A contender: the values of every grid that has no others, and the grids.
  func arm(named name: String) throws(ComparisonError) -> Study.Arm {
    var arm = Study.Arm(name: name, grids: [])
    var shared: [Study.Axis] = []
    for member in members {
      switch member.key {
      case "seeds": arm.seeds = try seeds("seeds")
      case "tokens": arm.tokens = try integer("tokens", 1...1 << 50)
      case "grids": break
      default: shared.append(try axis(member))
      }
    }
    arm.grids = try grids(beside: shared)
    return arm
  }

  private func grids(beside shared: [Study.Axis]) throws(ComparisonError) -> [[Study.Axis]] {
    guard let value = self["grids"] else { return [shared] }
    guard let list = value.arrayValue, !list.isEmpty else {
      throw invalid("grids", "a list of objects", Self.text(value))
    }
    var grids: [[Study.Axis]] = []
    for (index, grid) in list.enumerated() {
      let grid = try StudyObject(grid, file: file, place: "\(place): grids: \(index + 1)")
      for key in ["seeds", "tokens", "grids"] where grid[key] != nil {
        throw grid.invalid(key, "keys of train; an arm's \(key) stand beside its optimizer", key)
      }
      var axes = shared
      for member in grid.members {
        let axis = try grid.axis(member)
        if let at = axes.firstIndex(where: { $0.key == axis.key }) {
          axes[at] = axis
        } else {
          axes.append(axis)
        }
      }
      grids.append(axes)
    }
    return grids
  }

  private func axis(_ member: JSONMember) throws(ComparisonError) -> Study.Axis {
    let values = member.value.arrayValue ?? [member.value]
    guard !values.isEmpty else { throw invalid(member.key, "at least one value", "none") }
    for (index, value) in values.enumerated() {
      try check(member.key, value)
      guard !values[..<index].contains(value) else {
        throw invalid(member.key, "different values", "\(Self.text(value)) twice")
      }
    }
    return Study.Axis(key: member.key, values: values, isList: member.value.arrayValue != nil)
  }

  /// Whether a key of `train` may stand here with a value.
  private func check(_ key: String, _ value: JSON) throws(ComparisonError) {
    if let advice = Self.advice(key) {
      throw .misplacedKey(file: file, place: place, key: key, advice: advice)
    }
    let known = TrainingSettings.standard.keys
    guard known.contains(key) else {
      let arms = place == "settings" ? [] : ["seeds", "tokens", "grids"]
      throw unknown(key, known.filter { Self.advice($0) == nil } + arms)
    }
    if place != "settings" && ["stories", "vocabulary"].contains(key) {
      throw .misplacedKey(
        file: file, place: place, key: key,
        advice: "all arms read the same corpus; put it into \"settings\"")
    }
    var probe = TrainingConfiguration()
    do {
      try probe.apply([JSONMember(key, value)], from: "\(file): \(place)")
    } catch { throw .training(place: "", .configuration(error.description)) }
  }

  /// Where a key of `train` is decided in a study, if not in settings and arms.
  private static func advice(_ key: String) -> String? {
    switch key {
    case "model", "data", "tokenizer": "all arms have the same; name it at the top of the study"
    case "eval-every", "eval-tokens": "it is the same for all; name it at the top of the study"
    case "steps": "steps are the study's \"tokens\" over batch-tokens"
    case "seed": "name \"seeds\", in the study or in an arm"
    default: nil
    }
  }

  private static func text(_ value: JSON) -> String {
    String(decoding: value.serialized().prefix(60), as: UTF8.self)
  }
}
