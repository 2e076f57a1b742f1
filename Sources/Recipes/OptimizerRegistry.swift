/// The optimizers that can be named.
public struct OptimizerRegistry: Sendable {
  /// In the order of the help and of messages.
  public let recipes: [any OptimizerRecipe]

  /// These; their names are different.
  public init(_ recipes: [any OptimizerRecipe]) {
    precondition(
      Set(recipes.map(\.name)).count == recipes.count
        && recipes.contains { $0.name == Self.initial },
      "OptimizerRegistry: names \(recipes.map(\.name)) are not different or lack \(Self.initial)")
    self.recipes = recipes
  }

  /// All that the program has.
  public static let standard = OptimizerRegistry([
    SophiaGRecipe(), SophiaHRecipe(), AdamWRecipe(), LionRecipe(), MuonRecipe(),
    SophiaMuonRecipe(),
  ])

  /// The optimizer where neither user nor model names one.
  public static let initial = "sophia-g"

  /// The values of `--optimizer`.
  public var names: [String] { recipes.map(\.name) }

  /// The one of a name.
  public subscript(name: String) -> (any OptimizerRecipe)? { recipes.first { $0.name == name } }

  /// The names with what there is to say of each.
  var help: String {
    let parts = recipes.map { $0.note.isEmpty ? $0.name : "\($0.name) (\($0.note))" }
    return parts.dropLast().joined(separator: ", ") + " or \(parts.last ?? "")."
  }
}
