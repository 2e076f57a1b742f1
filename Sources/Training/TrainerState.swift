import Checkpoints
import Files
import Optimizers
import Recipes

/// What a checkpoint holds besides tensors: where the run is. With the configuration it determines
/// everything that comes: random numbers are counter-based and keyed by the step.
struct TrainerState: Sendable, Equatable {
  /// Steps done.
  var step = 0
  /// Steps whose gradient was clipped.
  var clippedSteps = 0
  /// Sophia's γ, where it is adjusted.
  var autoRho: AutoRho?
  /// The guard against spikes, if there is one.
  var spikes: SpikeGuard?
  /// Which tokens the run is trained on (`TokenDataset.fingerprint`).
  var dataFingerprint = ""

  static let fileName = "trainer_state.json"

  func json(_ configuration: TrainingConfiguration, cursor: JSON) -> JSON {
    var members: [JSONMember] = [
      JSONMember("format", 1), JSONMember("step", .integer(step)),
      JSONMember("clipped_steps", .integer(clippedSteps)), JSONMember("data_cursor", cursor),
      JSONMember("data_fingerprint", .string(dataFingerprint)),
    ]
    if let autoRho { members.append(JSONMember("auto_rho", autoRho.json)) }
    if let spikes { members.append(JSONMember("spike_guard", spikes.json)) }
    members.append(JSONMember("configuration", configuration.json))
    return .object(members)
  }

  /// Reads the state and the configuration it belongs to, whose settings are those of `table`.
  static func read(
    _ checkpoint: CheckpointDirectory,
    _ table: SettingTable<TrainingSettings> = TrainingSettings.standard
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
    let most = checkpoint.manifest?.step ?? 1 << 31
    guard let step = json["step"]?.intValue, (0...most).contains(step) else {
      throw invalid("step", "an integer in 0...\(most)")
    }
    guard let clipped = json["clipped_steps"]?.intValue, (0...step).contains(clipped) else {
      throw invalid("clipped_steps", "an integer in 0...\(step)")
    }
    guard let fingerprint = json["data_fingerprint"]?.stringValue else {
      throw invalid("data_fingerprint", "a string")
    }
    (state.step, state.clippedSteps, state.dataFingerprint) = (step, clipped, fingerprint)
    guard let members = json["configuration"]?.objectValue else {
      throw invalid("configuration", "an object")
    }
    let configuration = try asTraining {
      var configuration = TrainingConfiguration(table)
      try configuration.apply(members, from: "\(file): configuration")
      try configuration.validate()
      return configuration
    }
    guard step <= configuration.steps else {
      throw invalid("step", "at most \(configuration.steps)")
    }
    if let start = configuration.adjustment {
      guard let autoRho = json["auto_rho"].flatMap(start.restored) else {
        throw invalid("auto_rho", "gamma, wins and coordinates of --auto-rho \(start.band)")
      }
      state.autoRho = autoRho
    }
    if let start = SpikeGuard(configuration) {
      let stored = json["spike_guard"].flatMap {
        start.restored($0, step: step, adjustment: configuration.adjustment)
      }
      guard let stored else { throw invalid("spike_guard", "the numbers of a --spike-guard") }
      state.spikes = stored
    }
    return (state, configuration)
  }
}

extension AutoRho {
  /// γ and what was seen since its last adjustment.
  var json: JSON {
    ["gamma": .number(rho), "wins": .integer(wins), "coordinates": .integer(clippable)]
  }

  /// This one with the numbers of ``json``; nil if they cannot be its.
  func restored(_ json: JSON) -> AutoRho? {
    guard let rho = json["gamma"]?.doubleValue, let wins = json["wins"]?.intValue,
      let clippable = json["coordinates"]?.intValue
    else { return nil }
    return AutoRho(band, start: start, rho: rho, wins: wins, clippable: clippable)
  }
}
