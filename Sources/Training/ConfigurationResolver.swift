public import Files
import Optimizers

extension TrainingConfiguration {
  /// What the layers of defaults and the user's words come to: defaults ← the optimizer's numbers ←
  /// the preset ← the recipe ← a configuration file ← flags.
  /// - preset: the model's file (see models/README.md), whose `training` object has this run's keys,
  ///   with objects `sophia-g`, `adamw` for one optimizer and `paper` for the paper's recipe.
  /// - Throws: ``TrainingError`` for an unknown key or a value out of range.
  public static func resolve(
    preset: JSON, presetName: String, paperRecipe: Bool,
    file: (members: [JSONMember], name: String)?,
    flags: [JSONMember]
  ) throws(TrainingError) -> TrainingConfiguration {
    var probe = TrainingConfiguration()
    if let file { try probe.apply(file.members, from: file.name) }
    try probe.apply(flags, from: "flags")
    var result = TrainingConfiguration()
    result.optimizer = probe.optimizer
    result.takeNumbers(sophiaForm: probe.sophiaForm)
    let training = preset["training"]?.objectValue ?? []
    try result.applyLevel(training, "\(presetName): training")
    if paperRecipe {
      result.takePaperSchedule()
      let paper = preset["training"]?["paper"]?.objectValue ?? []
      try result.applyLevel(paper, "\(presetName): training: paper")
    }
    if let file { try result.apply(file.members, from: file.name) }
    try result.apply(flags, from: "flags")
    result.model = probe.model
    let given = (file?.members ?? []) + flags
    if !given.contains(where: { $0.key == "warmup" }) {
      // A default made for longer runs: at most a tenth of this one.
      result.warmup = min(result.warmup, result.steps / 10)
    }
    return result
  }

  /// Plain keys of a preset's object, then those of its object for this optimizer.
  private mutating func applyLevel(_ members: [JSONMember], _ name: String) throws(TrainingError) {
    try apply(members.filter { $0.value.objectValue == nil }, from: name)
    for member in members where member.key == optimizer {
      try apply(member.value.objectValue ?? [], from: "\(name): \(member.key)")
    }
  }

  /// The optimizer's own defaults.
  private mutating func takeNumbers(sophiaForm: String) {
    if optimizer == OptimizerName.adamW.rawValue {
      let h = AdamW.Hyperparameters()
      (beta1, beta2, epsilon, weightDecay) = (h.beta1, h.beta2, h.epsilon, h.weightDecay)
    } else {
      let h: Sophia.Hyperparameters = sophiaForm == "official" ? .official : .init()
      (beta1, beta2, gamma, epsilon) = (h.beta1, h.beta2, h.rho, h.epsilon)
      (weightDecay, curvatureInterval) = (h.weightDecay, h.interval)
    }
  }

  /// The schedule of the paper's GPT-2 runs (Liu et al. 2023, §3.1; `reference` train_gpt2_small):
  /// 480 sequences of 1,024 tokens, 100,000 steps, warmup 2,000, cosine to 0.05, clip 1.
  private mutating func takePaperSchedule() {
    let numbers = optimizer
    context = 1024
    batchTokens = 480 * 1024
    steps = 100_000
    warmup = 2000
    minLRRatio = 0.05
    clip = 1
    curvatureShare = 0.5
    optimizer = numbers
    takeNumbers(sophiaForm: sophiaForm)
  }
}
