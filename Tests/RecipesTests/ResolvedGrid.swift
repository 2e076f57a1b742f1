import Files
import Presets

/// Models, layers and flags whose resolved configurations are held to what they have always been.
enum ResolvedGrid {
  /// One combination.
  struct Case {
    let preset: (name: String, json: JSON)
    let file: [JSONMember]?
    let flags: [JSONMember]
  }

  /// The presets that the program carries, and model files that try what these leave out.
  static func models() throws -> [(name: String, json: JSON)] {
    let carried = try Presets.all.map { ($0.name, try JSON(parsing: $0.json, name: $0.name)) }
    let others: [(String, JSON)] = [
      ("empty", [:]), ("short", ["n_positions": 100, "n_embd": 1024]),
      (
        "liking",
        [
          "n_positions": 512, "n_embd": 384,
          "training": [
            "optimizer": "lion", "sophia-form": "nesterov", "weight-decay": 0.7, "steps": 70,
            "lion": ["lr": 0.5], "adamw": ["lr": 0.2, "beta2": 0.97, "sophia-form": "v1"],
            "sophia-g": ["sophia-form": "v1", "gamma": 0.25, "epsilon": 0.5],
            "sophia-h": ["lr": 0.9], "muon": ["adamw-lr": 0.004],
            "sophia-muon": ["sophia-lr": 3, "sophia-form": "paper"],
            "paper": ["clip": 0.5, "adamw": ["lr": 0.3], "sophia-muon": ["gamma": 0.125]],
          ],
        ]
      ), ("papers", ["n_positions": 2048, "training": ["recipe": "paper", "optimizer": "muon"]]),
    ]
    return carried + others
  }

  static let optimizers = ["", "sophia-g", "sophia-h", "adamw", "lion", "muon", "sophia-muon"]
  static let recipes = ["", "none", "paper"]

  /// All cases of a model, an optimizer (empty: none is said) and a recipe.
  static func cases(
    _ preset: (name: String, json: JSON), optimizer: String, recipe: String
  ) -> [Case] {
    let files: [[JSONMember]?] = [
      nil, members(["optimizer": "adamw", "lr": 0.4, "steps": 9]),
      members(["sophia-form": "official", "gamma": 0.5, "context": 300]),
      members(["recipe": "paper", "beta1": 0.5, "model": "m.json"]),
    ]
    let words: [[JSONMember]] = [
      [], members(["steps": 50]), members(["context": 64, "warmup": 7]),
      members(["lr": 0.03, "gamma": 0.5, "epsilon": 1e-6, "weight-decay": 0.3]),
      members(["init-from": "folder", "matrix-lr-ratio": 0.5, "vector-lr-ratio": 2]),
      members([
        "bias-correct-h": true, "curvature-groups": 2, "auto-rho": "0.1:0.5", "data": "d",
        "schedule": "constant", "spike-guard": 1,
      ]),
    ]
    let chosen =
      (optimizer.isEmpty ? [] : [JSONMember("optimizer", .string(optimizer))])
      + (recipe.isEmpty ? [] : [JSONMember("recipe", .string(recipe))])
    var cases: [Case] = []
    for form in ["", "paper", "nesterov", "v1", "official"] {
      let own = chosen + (form.isEmpty ? [] : [JSONMember("sophia-form", .string(form))])
      for file in files {
        for more in words { cases.append(Case(preset: preset, file: file, flags: own + more)) }
      }
    }
    return cases
  }

  private static func members(_ pairs: KeyValuePairs<String, JSON>) -> [JSONMember] {
    pairs.map { JSONMember($0.key, $0.value) }
  }
}
