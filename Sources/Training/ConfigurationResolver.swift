public import Files
import Optimizers

extension TrainingConfiguration {
  /// What the layers of defaults and the user's words come to: defaults ← the optimizer's numbers ←
  /// the preset ← the recipe ← a configuration file ← flags.
  /// - preset: the model's file (see models/README.md), whose `training` object has this run's keys,
  ///   with an object named after an optimizer (`sophia-g`, `adamw`, …) for it alone and `paper` for the paper's recipe.
  /// - Throws: ``TrainingError`` for an unknown key or a value out of range.
  public static func resolve(
    preset: JSON, presetName: String, file: (members: [JSONMember], name: String)?,
    flags: [JSONMember]
  ) throws(TrainingError) -> TrainingConfiguration {
    // First what decides which numbers the layers bring: optimizer, form, recipe.
    let training = try PresetLevel(preset["training"], "\(presetName): training")
    let given = (file?.members ?? []) + flags
    func isGiven(_ key: String) -> Bool { given.contains { $0.key.utf8.elementsEqual(key.utf8) } }
    var liked = TrainingConfiguration()
    if let name = training["optimizer"] {
      try liked.apply([JSONMember("optimizer", name)], from: training.name)
    }
    // Twice, since a preset's object for an optimizer may have a form and others' may not count.
    var probe = TrainingConfiguration()
    for _ in 0..<2 {
      var next = TrainingConfiguration()
      next.optimizer = probe.optimizer
      try next.apply(training, recipes: ["paper"])
      next.optimizer = liked.optimizer
      if let file { try next.apply(file.members, from: file.name) }
      try next.apply(flags, from: nil)
      if (next.recipe == "paper" || !next.initFrom.isEmpty) && !isGiven("optimizer") {
        // Not the optimizer that a preset likes better for weights that know nothing yet.
        next.optimizer = TrainingConfiguration().optimizer
      }
      probe = next
    }
    if probe.recipe == "paper" && !isGiven("sophia-form") {
      // Not the form that a preset likes better.
      probe.sophiaForm = TrainingConfiguration().sophiaForm
    }
    var result = TrainingConfiguration()
    (result.optimizer, result.sophiaForm) = (probe.optimizer, probe.sophiaForm)
    let width = preset["n_embd"]?.intValue
    result.takeNumbers(width: width)
    try result.apply(training, recipes: ["paper"])
    let paper = try PresetLevel("paper", of: training)
    // A recipe that is not asked for is read all the same, so that its mistakes are found.
    var withPaper = result
    withPaper.takePaperSchedule(width: width)
    try withPaper.apply(paper)
    if probe.recipe == "paper" { result = withPaper }
    if let file { try result.apply(file.members, from: file.name) }
    try result.apply(flags, from: nil)
    (result.model, result.recipe) = (isGiven("model") ? probe.model : presetName, probe.recipe)
    (result.optimizer, result.sophiaForm) = (probe.optimizer, probe.sophiaForm)
    if let positions = preset["n_positions"]?.intValue {
      if training["context"] == nil && result.recipe == "none" && !isGiven("context") {
        // No position is to be left untrained.
        result.context = min(1024, max(1, positions))
      }
      result.fit(contextLength: positions, isGiven)
    }
    if !isGiven("warmup") {
      // A default made for longer runs: at most a fifth of this one (Benchmarks/study).
      result.warmup = min(result.warmup, result.steps / 5)
    }
    if result.optimizerName.isSophia && result.sophia.form == .v1 && result.gamma > 0 {
      // Defaults are for updates clipped to ±1; version 1 clips to ±ρ: the same steps in its units.
      if !isGiven("lr") { result.lr /= result.gamma }
      if !isGiven("weight-decay") { result.weightDecay *= result.gamma }
      // max(γh, ε) = γ·max(h, ε/γ); where no layer has an ε, it is version 1's own.
      if !isGiven("epsilon") && result.epsilon != Sophia.Hyperparameters.v1.epsilon {
        result.epsilon /= result.gamma
      }
    }
    return result
  }

  /// Plain keys of a preset's object but `optimizer`, which is chosen before, then those of its object
  /// for the chosen one; the objects for other optimizers are read all the same.
  /// - recipes: names of members that are looked at elsewhere.
  private mutating func apply(
    _ level: PresetLevel, recipes: [String] = []
  ) throws(TrainingError) {
    let optimizers = OptimizerName.allCases.map(\.rawValue)
    let (known, keys) = (optimizers + recipes, Self.fields.map(\.key))
    for member in level.members where !(known + keys).contains(member.key) {
      throw .configuration(
        "\(level.name): unknown key \"\(member.key.onOneLine)\"; did you mean "
          + "\"\(nearest(member.key, known + keys))\"?")
    }
    let chosen = optimizer
    try apply(level.members.filter { !known.contains($0.key) }, from: level.name)
    optimizer = chosen
    for name in optimizers {
      let part = try PresetLevel(name, of: level)
      var probe = self
      try probe.apply(part.members, from: part.name)
      if name == optimizer { self = probe }
    }
  }

  /// Shortens the context to that of the model, where it is a default, and the batch to whole sequences.
  mutating func fit(contextLength: Int, _ isGiven: (String) -> Bool) {
    guard !isGiven("context"), contextLength >= 1 else { return }
    context = min(context, contextLength)
    if !isGiven("batch-tokens") { batchTokens = max(1, batchTokens / context) * context }
  }

  /// The optimizer's own defaults for a model of width C.
  private mutating func takeNumbers(width: Int?) {
    lr = TrainingConfiguration().lr
    // Chen et al. 2023, §5: 3 to 10 times smaller than AdamW's.
    if optimizerName == .lion { lr /= 4 }
    // In units of the spectral norm, at any width (Jordan's README).
    if optimizerName.isMuon { lr = 0.02 }
    switch optimizerName {
    case .sophiaG, .sophiaH:
      let h: Sophia.Hyperparameters =
        switch sophia.form {
        case .paper, .nesterov: .init()
        case .v1: .v1
        case .official: .official
        }
      (beta1, beta2, gamma, epsilon) = (h.beta1, h.beta2, h.rho, h.epsilon)
      (weightDecay, curvatureInterval) = (h.weightDecay, h.interval)
      // Liu et al. 2023, §3.1: γ and the sequences of a refresh, 32 of 480.
      if optimizerName == .sophiaH { (gamma, curvatureShare) = (0.01, 32.0 / 480) }
    case .adamW:
      let h = AdamW.Hyperparameters()
      (beta1, beta2, epsilon, weightDecay) = (h.beta1, h.beta2, h.epsilon, h.weightDecay)
    case .lion:
      let h = Lion.Hyperparameters()
      (beta1, beta2, weightDecay) = (h.beta1, h.beta2, h.weightDecay)
    case .muon, .sophiaMuon:
      let h = Muon.Hyperparameters()
      (momentum, weightDecay) = (h.momentum, h.weightDecay)
      // What embeddings want when matrices have a rate of their own: 8e-3 at a width of 128
      // (Benchmarks/study). Where each coordinate moves by ±η, logits move with C·η, and 8e-3 is too
      // much at 384.
      let rest = min(8e-3, 1 / Double(max(1, width ?? 128)))
      if optimizerName == .muon { adamWLR = rest } else { sophiaLR = rest }
      if case .adamW(let adamW) = h.rest {
        (beta1, beta2, epsilon) = (adamW.beta1, adamW.beta2, adamW.epsilon)
      }
      if optimizerName == .sophiaMuon {
        let h = Sophia.Hyperparameters()
        (beta2, gamma, curvatureInterval) = (h.beta2, h.rho, h.interval)
        // What small batches want of Sophia-G (`nano`, `tiny`), at any size of the model.
        (beta1, epsilon) = (0.8, 1e-5)
        // 0.012 to 0.02 nats ahead of Muon's 0.95 (Benchmarks/study).
        momentum = 0.9
      }
    }
  }

  /// The schedule of the paper's GPT-2 runs (Liu et al. 2023, §3.1, and the authors'
  /// config/train_gpt2_small_sophiag.py):
  /// 480 sequences of 1,024 tokens, 100,000 steps, warmup 2,000, cosine to 0.05, clip 1.
  private mutating func takePaperSchedule(width: Int?) {
    context = 1024
    batchTokens = 480 * 1024
    steps = 100_000
    warmup = 2000
    schedule = Schedule.Shape.cosine.rawValue
    minLRRatio = 0.05
    (matrixLRRatio, vectorLRRatio) = (1, 1)
    clip = 1
    curvatureShare = 0.5
    takeNumbers(width: width)
  }
}

/// An object of a preset; none at all is an empty one.
private struct PresetLevel {
  let members: [JSONMember]
  let name: String

  init(_ json: JSON?, _ name: String) throws(TrainingError) {
    guard let members = (json ?? .object([])).objectValue else {
      throw .configuration("\(name): expected an object, found \(json?.kind ?? "nothing")")
    }
    (self.members, self.name) = (members, name)
  }

  /// The object for an optimizer or a recipe, which does not choose the optimizer.
  init(_ key: String, of outer: PresetLevel) throws(TrainingError) {
    try self.init(outer[key], "\(outer.name): \(key)")
    if self["optimizer"] != nil {
      throw .configuration("\(name): \"optimizer\" belongs beside \"\(key)\", not in it")
    }
  }

  subscript(key: String) -> JSON? { JSON.object(members)[key] }
}
