import Files
import Testing

@testable import Recipes

/// The rows of the tables, whatever they are.
@Suite struct SettingTableTests {
  private let rows = TrainingSettings.standard.rows + RunSettings.standard.rows

  @Test func everyRowIsSaidInFull() {
    for row in rows {
      #expect(row.accepted(row.initial) == row.initial, "\(row.key) begins out of its range")
      #expect(!row.words.help.isEmpty && row.words.help.hasSuffix("."), "\(row.key)")
      #expect((row.kind == .toggle) == row.words.valueName.isEmpty, "\(row.key)")
    }
    #expect(Set(rows.map(\.key)).count == rows.count)
    #expect(rows.count == 43)
  }

  /// Optimizers say what they read of the rows that are optimizers', and each such row has a reader.
  @Test func whatOptimizersReadIsARow() {
    let own = Set(rows.filter(\.words.isOptimizers).map(\.key))
    var read: Set<String> = []
    for recipe in OptimizerRegistry.standard.recipes {
      #expect(own.isSuperset(of: recipe.keys), "\(recipe.name)")
      #expect(Set(recipe.keys).count == recipe.keys.count, "\(recipe.name)")
      read.formUnion(recipe.keys)
    }
    #expect(read == own)
  }

  @Test func helpEndsWithTheDefault() throws {
    let (training, run) = (TrainingSettings.standard, RunSettings.standard)
    func help(_ key: String) throws -> String {
      if let row = training[key] { return training.help(row) }
      return run.help(try #require(run[key]))
    }
    #expect(try help("keep") == "Checkpoints kept (default: 2).")
    #expect(try help("recompute").hasSuffix("the bits stay (default: no)."))
    #expect(try help("momentum").hasSuffix("(default: 0.95 with muon; 0.9 with sophia-muon)."))
    #expect(try help("curvature-interval").hasSuffix("k (default: 10)."))
    for row in training.rows { #expect(training.help(row).contains("(default: "), "\(row.key)") }
  }

  /// What is decided before the layers are merged cannot depend on what it decides.
  @Test(arguments: ["optimizer", "recipe", "init-from"])
  func anOptimizersObjectDecidesNothing(key: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try TrainingConfiguration.resolve(
        preset: ["training": ["adamw": .object([JSONMember(key, "paper")])]], presetName: "p",
        file: nil, flags: [])
    }
    #expect(
      error?.description == "p: training: adamw: \"\(key)\" belongs beside \"adamw\", not in it")
  }
}
