public import Optimizers
public import Transformer

/// Everything that decides the bits of a run. The keys of its JSON are the flags' names; its properties
/// are those of ``TrainingSettings``.
public typealias TrainingConfiguration = Settings<TrainingSettings>

extension TrainingConfiguration {
  /// S, sequences a step.
  public var sequences: Int { self.batchTokens / self.context }

  /// ⌈share·S⌉, sequences of a refresh.
  public var curvatureSequences: Int {
    min(sequences, max(1, Int((self.curvatureShare * Double(sequences)).rounded(.up))))
  }

  /// The learning rate's schedule.
  public var learningRates: Schedule {
    Schedule(
      Schedule.Shape(rawValue: self.schedule) ?? .cosine, peak: self.lr, warmup: self.warmup,
      steps: self.steps,
      minimumRatio: self.minLRRatio)
  }

  /// What there is to know of the optimizer; the keys let no other name in.
  public var optimizerRecipe: any OptimizerRecipe {
    guard let recipe = table.settings.optimizers[self.optimizer] else {
      preconditionFailure("no optimizer is called \(self.optimizer)")
    }
    return recipe
  }

  /// Checks what concerns more than one value.
  /// - Throws: ``ConfigurationError`` that names the flag.
  public func validate() throws(ConfigurationError) {
    guard self.batchTokens % self.context == 0 else {
      let down = max(1, self.batchTokens / self.context) * self.context
      throw ConfigurationError(
        "--batch-tokens \(self.batchTokens) is not a multiple of --context \(self.context): use \(down) or "
          + "\(down + self.context)")
    }
    guard self.warmup <= self.steps else {
      throw ConfigurationError(
        "--warmup \(self.warmup) is more than --steps \(self.steps): lower it")
    }
    try optimizerRecipe.validate(self)
  }

  /// What makes a key change nothing here, as a flag; nil where it counts.
  public func idleReason(of key: String) -> String? {
    guard let words = table[key]?.words else { return nil }
    if words.isOptimizers && !optimizerRecipe.keys.contains(key) {
      return "--optimizer \(self.optimizer)"
    }
    guard let idle = words.idle, let other = self[idle.key] else { return nil }
    return idle.holds(other) ? idle.reason : nil
  }

  /// What adjusts Sophia's ρ, before the first step; nil where nothing does.
  public var adjustment: AutoRho? {
    idleReason(of: "auto-rho") == nil ? self.autoRho.map { AutoRho($0, start: self.gamma) } : nil
  }

  /// Peak learning rates in words, such as `0.02 in matrices, 0.008 else`; `format` makes the numbers.
  public func learningRateDescription(_ format: (Double) -> String) -> String {
    let rates = optimizerRecipe.rates(self)
    let (matrices, rest) = (format(rates.matrices), format(rates.embeddings))
    if self.vectorLRRatio != 1 {
      return "\(matrices) in matrices, \(format(rates.vectors)) in vectors, \(rest) in embeddings"
    }
    return rates.matrices == rates.embeddings ? rest : "\(matrices) in matrices, \(rest) else"
  }

  /// Bytes of the copy that the guard against spikes goes back to.
  public func lastGoodBytes(of table: ParameterTable) -> Int {
    self.spikeGuard > 0 ? 4 * table.count + optimizerRecipe.stateBytes(of: table) : 0
  }

  /// Bytes of the mean over the curvature's groups, if there are several.
  public func curvatureMeanBytes(of table: ParameterTable) -> Int {
    optimizerRecipe.curvature(self) != nil && self.curvatureGroups > 1 ? 4 * table.count : 0
  }
}
