import Checkpoints
import Files

/// What a checkpoint holds besides tensors: where the run is. With the configuration it determines
/// everything that comes: random numbers are counter-based and keyed by the step.
struct TrainerState: Sendable, Equatable {
  /// Steps done.
  var step = 0
  /// Steps whose gradient was clipped.
  var clippedSteps = 0
  /// Lowest validation loss so far, nats a token.
  var bestValidationLoss: Double?

  static let fileName = "trainer_state.json"

  func json(_ configuration: TrainingConfiguration, cursor: JSON) -> JSON {
    var members: [JSONMember] = [
      JSONMember("format", 1), JSONMember("step", .integer(step)),
      JSONMember("clipped_steps", .integer(clippedSteps)), JSONMember("data_cursor", cursor),
    ]
    if let bestValidationLoss {
      members.append(JSONMember("best_validation_loss", .number(bestValidationLoss)))
    }
    members.append(JSONMember("configuration", configuration.json))
    return .object(members)
  }

  /// Reads the state and the configuration it belongs to.
  static func read(
    _ checkpoint: CheckpointDirectory
  ) throws(TrainingError) -> (state: TrainerState, configuration: TrainingConfiguration) {
    let json = try asTraining { try checkpoint.json(of: fileName) }
    let file = "\(checkpoint.path)/\(fileName)"
    func invalid(_ key: String, _ expected: String) -> TrainingError {
      .checkpoint(
        .invalid(
          file: file, place: key, expected: expected,
          found: json[key].map { String(decoding: $0.serialized().prefix(60), as: UTF8.self) }
            ?? "nothing"))
    }
    guard json["format"]?.intValue == 1 else { throw invalid("format", "1") }
    var state = TrainerState()
    guard let step = json["step"]?.intValue, step >= 0 else { throw invalid("step", "a count") }
    guard let clipped = json["clipped_steps"]?.intValue, clipped >= 0 else {
      throw invalid("clipped_steps", "a count")
    }
    (state.step, state.clippedSteps) = (step, clipped)
    state.bestValidationLoss = json["best_validation_loss"]?.doubleValue
    guard let members = json["configuration"]?.objectValue else {
      throw invalid("configuration", "an object")
    }
    var configuration = TrainingConfiguration()
    try configuration.apply(members, from: "\(file): configuration")
    return (state, configuration)
  }
}
