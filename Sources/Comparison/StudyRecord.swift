import Files
import Recipes

/// A line of `results.jsonl`: a cell and what it came to.
struct StudyRecord {
  let name: String
  let arm: String
  let seed: Int
  /// What varies in the arm.
  let settings: [JSONMember]
  let key: String
  let result: CellResult

  init(_ cell: Cell, _ result: CellResult) {
    (name, arm, seed, settings) = (cell.name, cell.arm, cell.seed, cell.settings)
    (key, self.result) = (cell.key, result)
  }

  var json: JSON {
    .object(
      [
        JSONMember("cell", .string(name)), JSONMember("arm", .string(arm)),
        JSONMember("settings", .object(settings)), JSONMember("seed", .integer(seed)),
        JSONMember("key", .string(key)),
      ] + result.members)
  }

  init(_ json: JSON, file: String) throws(ComparisonError) {
    let reader = ResultReader(json: json, file: file)
    name = try reader.value("cell", "a string", \.stringValue)
    arm = try reader.value("arm", "a string", \.stringValue)
    settings = try reader.value("settings", "an object", \.objectValue)
    seed = try reader.value("seed", "an integer", \.intValue)
    key = try reader.value("key", "a string", \.stringValue)
    result = try CellResult(json, file: file)
  }

  /// The learning rates that its settings don't say, as `lr 0.02 in matrices, 0.008 else`; empty where
  /// they say them.
  var rates: String {
    var configuration = TrainingConfiguration()
    guard (try? configuration.apply(result.configuration, from: nil)) != nil else { return "" }
    let ratios = [
      "matrix-lr-ratio": configuration.matrixLRRatio,
      "vector-lr-ratio": configuration.vectorLRRatio,
    ]
    let read = (["lr", "adamw-lr", "sophia-lr"] + ratios.keys).filter {
      configuration.idleReason(of: $0) == nil && ratios[$0] != 1
    }
    let isSaid = { key in settings.contains { $0.key == key } }
    return read.allSatisfy(isSaid) ? "" : "lr \(configuration.learningRateDescription { "\($0)" })"
  }

  /// A value of its configuration.
  func value(_ key: String) -> JSON? { JSON.object(result.configuration)[key] }
}
