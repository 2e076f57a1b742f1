public import Optimizers

/// What the configuration means to the optimizer and to its schedule.
extension TrainingConfiguration {
  /// Checks what concerns more than one value.
  /// - Throws: ``TrainingError`` that names the flag.
  public func validate() throws(TrainingError) {
    guard batchTokens % context == 0 else {
      let down = max(1, batchTokens / context) * context
      throw .configuration(
        "--batch-tokens \(batchTokens) is not a multiple of --context \(context): use \(down) or "
          + "\(down + context)")
    }
    guard warmup <= steps else {
      throw .configuration("--warmup \(warmup) is more than --steps \(steps): lower it")
    }
    guard !optimizerName.isMuon || lr > 0 else {
      throw .configuration(
        "--lr \(lr): \(optimizer) expects more than 0; --\(restFlag) is kept in proportion")
    }
    guard !optimizerName.isMuon || matrixLRRatio == 1 else {
      throw .configuration(
        "--matrix-lr-ratio \(matrixLRRatio): with \(optimizer), --lr is the matrices' and --\(restFlag) "
          + "that of the rest; the ratio is for --optimizer sophia-g and the others")
    }
    guard optimizerName != .sophiaMuon || [.paper, .nesterov].contains(sophia.form) else {
      throw .configuration(
        "--sophia-form \(sophiaForm): sophia-muon has paper and nesterov only, "
          + "--optimizer sophia-g has all")
    }
    guard optimizerName != .sophiaH || sophia.form != .official else {
      throw .configuration(
        "--sophia-form official: the authors' code has no sophia-h; use paper or v1, or sophia-g")
    }
    guard !optimizerName.isSophia || !biasCorrectH || spikeGuard == 0 else {
      throw .configuration(
        "--spike-guard with --bias-correct-h: going back would undo refreshes that the correction "
          + "counts; leave one of them away")
    }
    guard !optimizerName.isSophia || curvatureGroups <= curvatureSequences else {
      throw .configuration(
        "--curvature-groups \(curvatureGroups) is more than the \(curvatureSequences) sequences of a "
          + "refresh (--curvature-share \(curvatureShare) of \(sequences)): lower it, or raise the share"
      )
    }
    do {
      switch optimizerName {
      case .sophiaG, .sophiaH: try sophia.validate()
      case .adamW: try adamW.validate()
      case .lion: try lion.validate()
      case .muon, .sophiaMuon: try muon.validate()
      }
    } catch {
      let flags = [
        "rho": "gamma", "weight decay": "weight-decay", "interval": "curvature-interval",
        "rest rate": restFlag,
      ]
      let flag = flags[error.name] ?? error.name
      let expected = error.expected.replacing(error.name, with: flag)
      throw .configuration("--\(flag) \(error.value): \(optimizer) expects \(expected)")
    }
  }

  /// Keys whose best values are each optimizer's own.
  static let optimizersKeys = [
    "sophia-form", "lr", "adamw-lr", "sophia-lr", "matrix-lr-ratio",
    "vector-lr-ratio", "weight-decay", "momentum", "beta1", "beta2", "gamma", "auto-rho",
    "bias-correct-h", "epsilon", "curvature-interval",
    "curvature-share", "curvature-groups", "probe",
  ]

  /// What makes a key change nothing here, as a flag; nil where it counts.
  public func idleReason(of key: String) -> String? {
    let name = optimizerName
    let isRead =
      switch key {
      case "sophia-form", "gamma", "auto-rho", "bias-correct-h", "curvature-interval",
        "curvature-share", "curvature-groups":
        name.isSophia
      case "probe": name == .sophiaH
      case "momentum": name.isMuon
      case "adamw-lr": name == .muon
      case "sophia-lr": name == .sophiaMuon
      case "epsilon": name != .lion
      default: true
      }
    switch key {
    case _ where !isRead: return "--optimizer \(optimizer)"
    case "stories", "vocabulary": return data.isEmpty ? nil : "--data"
    case "min-lr-ratio":
      return schedule == Schedule.Shape.constant.rawValue ? "--schedule constant" : nil
    default: return nil
    }
  }

  /// The flag of the learning rate of what lies in no matrix.
  private var restFlag: String { optimizerName == .sophiaMuon ? "sophia-lr" : "adamw-lr" }

  /// Peak learning rate of the layers' matrices.
  public var matrixLR: Double { optimizerName.isMuon ? lr : lr * matrixLRRatio }

  /// Peak learning rate of embeddings.
  public var restLR: Double {
    switch optimizerName {
    case .muon: adamWLR
    case .sophiaMuon: sophiaLR
    default: lr
    }
  }

  /// Peak learning rate of biases and LayerNorm.
  public var vectorLR: Double { restLR * vectorLRRatio }

  /// Peak learning rates in words, such as `0.02 in matrices, 0.008 else`; `format` makes the numbers.
  public func learningRateDescription(_ format: (Double) -> String) -> String {
    let (matrices, rest) = (format(matrixLR), format(restLR))
    if vectorLRRatio != 1 {
      return "\(matrices) in matrices, \(format(vectorLR)) in vectors, \(rest) in embeddings"
    }
    return matrixLR == restLR ? rest : "\(matrices) in matrices, \(rest) else"
  }

  /// Which optimizer; the keys let no other name in.
  public var optimizerName: OptimizerName { OptimizerName(rawValue: optimizer) ?? .sophiaG }

  /// The optimizer and which of its variants, for the user.
  public var optimizerDescription: String {
    guard optimizerName.isSophia else { return optimizer }
    let groups = curvatureGroups > 1 ? ", curvature in \(curvatureGroups) groups" : ""
    let probe = optimizerName == .sophiaH ? ", \(probe) probes" : ""
    let bias = biasCorrectH ? ", h corrected for bias" : ""
    let band = autoRho.map { ", win rate held in \($0)" } ?? ""
    return "\(optimizer) (form \(sophiaForm)\(probe)\(bias)\(groups)\(band))"
  }

  /// Sophia's numbers.
  public var sophia: Sophia.Hyperparameters {
    var h = Sophia.Hyperparameters()
    h.form = Sophia.Form(rawValue: sophiaForm) ?? .paper
    (h.beta1, h.beta2, h.rho, h.epsilon) = (beta1, beta2, gamma, epsilon)
    (h.weightDecay, h.interval, h.biasCorrectsH) = (weightDecay, curvatureInterval, biasCorrectH)
    return h
  }

  /// What adjusts Sophia's ρ, before the first step; nil where nothing does.
  var adjustment: AutoRho? {
    optimizerName.isSophia ? autoRho.map { AutoRho($0, start: gamma) } : nil
  }

  /// The guard against spikes before the first step, if there is to be one.
  var guardAgainstSpikes: SpikeGuard? { spikeGuard > 0 ? SpikeGuard(nats: spikeGuard) : nil }

  /// AdamW's numbers.
  public var adamW: AdamW.Hyperparameters {
    var h = AdamW.Hyperparameters()
    (h.beta1, h.beta2, h.epsilon, h.weightDecay) = (beta1, beta2, epsilon, weightDecay)
    return h
  }

  /// Lion's numbers.
  public var lion: Lion.Hyperparameters {
    var h = Lion.Hyperparameters()
    (h.beta1, h.beta2, h.weightDecay) = (beta1, beta2, weightDecay)
    return h
  }

  /// Muon's numbers; β1, β2 and ε are those of its AdamW or Sophia, whose coordinates do not decay.
  public var muon: Muon.Hyperparameters {
    var h = Muon.Hyperparameters()
    (h.momentum, h.weightDecay) = (momentum, weightDecay)
    h.rest = optimizerName == .sophiaMuon ? .sophia(sophia) : .adamW(adamW)
    h.restRate = restLR / lr
    return h
  }

  /// The learning rate's schedule.
  public var learningRates: Schedule {
    Schedule(
      Schedule.Shape(rawValue: schedule) ?? .cosine, peak: lr, warmup: warmup, steps: steps,
      minimumRatio: minLRRatio)
  }
}

extension TrainingConfiguration.OptimizerName {
  /// Whether Sophia moves all parameters or some, so that there are h and refreshes.
  public var isSophia: Bool { self == .sophiaH || samplesLabels }
  /// Whether its estimator is Gauss–Newton–Bartlett's.
  public var samplesLabels: Bool { self == .sophiaG || self == .sophiaMuon }
  /// Whether matrices get Muon's update.
  public var isMuon: Bool { self == .muon || self == .sophiaMuon }
}
