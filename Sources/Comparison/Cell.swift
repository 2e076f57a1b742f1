public import Files
public import Recipes

/// One run of a study: an arm's settings with a seed.
public struct Cell: Sendable, Equatable {
  /// The arm it belongs to.
  public let arm: String
  /// What the user sees: arm, what varies in it, seed.
  public let name: String
  /// What varies in the arm.
  public let settings: [JSONMember]
  /// The seed.
  public let seed: Int
  /// Everything that decides its bits.
  public let configuration: TrainingConfiguration
  /// Steps between evaluations.
  public let evalEvery: Int
  /// 16 hexadecimal digits: the name of its directory. Cells that compute the same have the same, so a
  /// finished one is found again whatever else changes in the study file.
  public let key: String

  /// A cell. Its key is made of what differs from the program's defaults, so that a flag that is new
  /// leaves it as it is, of the model's sizes and of the tokens and initial weights themselves, not of
  /// where they lie.
  /// - weights: which ones `--init-from` names; nil if it is not given
  init(
    _ arm: Study.Arm, choice: [JSONMember], seed: Int, configuration: TrainingConfiguration,
    evaluation: (every: Int, tokens: Int), model: JSON, data: String,
    weights: String?
  ) {
    let listed = arm.settings(of: choice)
    (self.arm, settings, self.seed, evalEvery) = (arm.name, listed, seed, evaluation.every)
    self.configuration = configuration
    name = ([arm.name] + listed.map(Self.text) + ["seed=\(seed)"]).joined(separator: " ")
    let sizes = (model.objectValue ?? []).filter { $0.key != "training" }
    var identity = [
      JSONMember("model", .object(sizes)), JSONMember("data", .string(data)),
      JSONMember("eval-every", .integer(evaluation.every)),
      JSONMember("eval-tokens", .integer(evaluation.tokens)),
      JSONMember("configuration", .object(Self.changed(configuration))),
    ]
    if let weights { identity.append(JSONMember("weights", .string(weights))) }
    key = hexadecimal(FNV1a(JSON.object(identity).serialized()).value)
  }

  /// The resolved configuration without the paths: what a result is compared with.
  var resolved: [JSONMember] { Self.withoutPaths(configuration.json) }

  /// Whether a configuration is this cell's, wherever its files lie; else the first member of it that
  /// differs, and what this cell has there.
  func difference(
    from configuration: [JSONMember]
  ) -> (stored: JSONMember, now: JSONMember)? {
    for stored in configuration {
      if let now = resolved.first(where: { $0.key == stored.key }), now != stored {
        return (stored, now)
      }
    }
    return nil
  }

  private static func changed(_ configuration: TrainingConfiguration) -> [JSONMember] {
    let usual = withoutPaths(TrainingConfiguration().json)
    return zip(withoutPaths(configuration.json), usual).filter { $0 != $1 }.map(\.0)
  }

  private static func withoutPaths(_ json: JSON) -> [JSONMember] {
    let paths = ["model", "data", "tokenizer", "init-from"]
    return (json.objectValue ?? []).filter { !paths.contains($0.key) }
  }

  /// `lr=0.002`.
  static func text(_ member: JSONMember) -> String {
    let value =
      member.value.stringValue ?? String(decoding: member.value.serialized(), as: UTF8.self)
    return "\(member.key)=\(value)"
  }
}
