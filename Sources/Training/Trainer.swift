public import Checkpoints
public import Dataset
public import Files
public import Machine
import Optimizers
public import Recipes
import Tokenization
public import Transformer

/// A pretraining run: data in order, gradient, optimizer step, evaluation, checkpoints.
///
/// How a run is cut into micro-batches, threads or interrupted pieces enters no bit of its weights.
public final class Trainer {
  /// The run's settings.
  public let configuration: TrainingConfiguration
  /// The model.
  public let model: GPT2Config
  /// The memory that is taken.
  public let memory: MemoryPlan
  let options: RunOptions
  let table: ParameterTable
  let tokenizer: Tokenizer
  let store: CheckpointStore
  let team: ThreadTeam
  let report: (TrainingEvent) -> Void
  let windows: TokenWindows
  let validation: ValidationSlice?
  let lengths: TokenLengths
  let theta, gradients: Arena
  let curvature: StepCurvature?
  let optimizer: any Optimizer
  let gradient: StepGradient
  let hessian: HessianProduct?
  let lastGood: LastGoodState?
  var state = TrainerState()
  var log: MetricsLog
  var eventFile: EventFile?
  var logIsStuck = false
  var tokens, targets: [UInt16]

  /// Takes the memory, and weights and state from `resumeFrom`, from `initFrom`, or fresh.
  /// - store: the run directory, locked.
  public init(
    _ configuration: TrainingConfiguration, model: GPT2Config, options: RunOptions,
    dataset: TokenDataset, store: CheckpointStore, files: any FileSystem,
    resumeFrom: CheckpointDirectory?, initFrom: ModelFile?, on team: ThreadTeam,
    limit: MemoryLimit = .current(), report: @escaping (TrainingEvent) -> Void
  ) throws(TrainingError) {
    try asTraining { try configuration.validate() }
    (self.configuration, self.model, self.options) = (configuration, model, options)
    (self.store, self.team, self.report) = (store, team, report)
    // What ends a text is what the weights' folder says, which a dataset does not hold in full.
    let carried = try (resumeFrom ?? initFrom?.checkpoint).flatMap {
      (checkpoint) throws(TrainingError) in try TrainingRun.carriedTokenizer(of: checkpoint)
    }
    tokenizer = carried.map { dataset.tokenizer.withEnds(of: $0) } ?? dataset.tokenizer
    log = MetricsLog(path: "\(store.directory)/metrics.jsonl", files: files)
    table = ParameterTable(model)
    let T = configuration.context
    memory = try MemoryPlan(
      model, configuration: configuration, microBatch: options.microBatch,
      recompute: options.recompute, samples: options.sampleEvery > 0, threads: team.count,
      limit: limit, cache: Self.lastLevelCache(threads: team.count))
    windows = try asTraining {
      try TokenWindows(dataset.train, context: T, seed: UInt64(configuration.seed))
    }
    let held = dataset.validation
    validation =
      held.count > T
      ? try asTraining { try ValidationSlice(held, context: T, maxTokens: options.evalTokens) }
      : nil
    if validation == nil {
      report(
        .notice(
          "no evaluation: the data hold \(held.count) validation tokens, a window and its last target "
            + "are \(T + 1)"))
    }
    lengths = TokenLengths(dataset.tokenizer)
    let arenas = try asTraining { [table, team] in
      // Touched by the threads that step over them, before weights are drawn or read into them.
      try (
        Arena(count: table.count, touchedBy: team), Arena(count: table.count, touchedBy: team)
      )
    }
    (theta, gradients) = arenas
    let recipe = configuration.optimizerRecipe
    let source = recipe.curvature(configuration)
    curvature = try asTraining { [table] in
      try source.map { try StepCurvature(configuration, from: $0, count: table.count, on: team) }
    }
    optimizer = try asTraining { [table] in
      try recipe.make(configuration, for: table, on: team)
    }
    gradient = try asTraining { [memory, theta, gradients, curvature, table] in
      try StepGradient(
        model, table: table, parameters: theta, gradients: gradients,
        curvature: source == .hessianProducts ? nil : curvature?.gradient,
        microBatch: memory.microBatch, T: T, recompute: options.recompute, on: team)
    }
    if source == .hessianProducts, let curvature {
      // Its direction needs no room of its own: it is used before the step's gradient is made.
      hessian = try asTraining { [gradient, gradients, table] in
        try HessianProduct(
          sharing: gradient, table: table, direction: gradients, product: curvature.gradient)
      }
    } else {
      hessian = nil
    }
    lastGood =
      configuration.spikeGuard > 0
      ? try asTraining { [theta, optimizer, team] in
        try LastGoodState(theta: theta, state: optimizer.state, on: team)
      } : nil
    tokens = [UInt16](repeating: 0, count: memory.microBatch * T)
    targets = tokens
    if let resumeFrom {
      try load(resumeFrom)
      return
    }
    (state.dataFingerprint, state.autoRho) = (dataset.fingerprint, configuration.adjustment)
    state.spikes = SpikeGuard(configuration)
    if let initFrom {
      try asTraining { try initFrom.read(into: theta) }
    } else {
      table.initialize(theta, seed: UInt64(configuration.seed), on: team)
    }
  }

  /// Steps done.
  public var step: Int { state.step }

  /// Trains to the last step, or until `shouldStop` says so after a step or within an evaluation,
  /// which a resumed run makes first.
  public func run(shouldStop: () -> Bool = { false }) throws(TrainingError) -> TrainingOutcome {
    let isEvaluated = try asTraining {
      // Before the work, not after it.
      if state.step < configuration.steps { try store.checkSpace(for: checkpointBytes) }
      let isEvaluated = try log.rewind(to: state.step)
      if options.tensorBoard {
        eventFile = try EventFile(in: store.directory, after: state.step, files: log.files)
      }
      return isEvaluated
    }
    if !isEvaluated && state.step > 0 && isEvaluationDue {
      guard try evaluate(shouldStop) else { return try stop() }
      writeLogs(synchronizeLogs)
    }
    while state.step < configuration.steps {
      if shouldStop() { return try stop() }
      do throws(TrainingError) {
        try trainStep()
      } catch {
        // What led to it is worth most.
        writeLogs(flushLogs)
        // The state is as it was before the step; the run can go on when the data are back.
        if case .dataset = error { try save(final: true) }
        throw error
      }
      let (t, last) = (state.step, state.step == configuration.steps)
      if isDue(t, options.sampleEvery) { report(.sample(step: t, parameters: theta)) }
      if isEvaluationDue, try !evaluate(shouldStop) { return try stop() }
      if last {
        try save(final: true)
      } else if isDue(t, options.checkpointEvery) {
        try save(final: false)
      }
    }
    return .finished
  }

  /// Bytes of the last-level caches that so many threads have at most; nil where the system hides them.
  private static func lastLevelCache(threads: Int) -> Int? {
    let last = (try? Topology.ofThisMachine())?.caches.last
    return last.map { $0.bytes * min($0.instances, threads) }
  }

  private func isDue(_ step: Int, _ interval: Int) -> Bool { interval > 0 && step % interval == 0 }

  private var isEvaluationDue: Bool {
    isDue(state.step, options.evalEvery) || state.step == configuration.steps
  }

  private func stop() throws(TrainingError) -> TrainingOutcome {
    try save(final: true)
    return .interrupted(step: state.step)
  }

  /// Gradient, norm, update: one step. Where loss or gradient are of no use no update is made.
  private func trainStep() throws(TrainingError) {
    let clock = ContinuousClock()
    let began = clock.now
    let t = state.step
    let curved = optimizer.wantsCurvature(step: t)
    if curved { estimateFromProducts(t) }
    let loss = stepGradient(t, curved && hessian == nil ? curvature : nil)
    if let failure = windows.stream.failure { throw .dataset(failure) }
    let norm = GradientNorm(of: gradients.view(), on: team)
    if let refusal = refusal(t, loss, norm, curved: curved) {
      return try skip(t, loss, refusal, seconds: (clock.now - began) / .seconds(1))
    }
    acceptLoss(loss, t)
    let clip: Float = configuration.clip > 0 ? norm.scale(clippingTo: configuration.clip) : 1
    if clip < 1 { state.clippedSteps += 1 }
    let learningRate = configuration.learningRates.learningRate(step: t)
    let adjusted = adjustedCurvature(curved: curved)
    let updating = clock.now
    let statistics = optimizer.step(
      theta.view(), gradient: gradients.view(), step: state.spikes?.updates ?? t,
      learningRate: learningRate,
      gradientScale: clip, curvature: adjusted, on: team)
    let gamma = state.autoRho?.rho
    state.autoRho?.add(statistics)
    state.step += 1
    state.spikes?.update()
    let ended = clock.now
    let tokens = configuration.batchTokens
    let step = StepReport(
      step: state.step, steps: configuration.steps, loss: loss, learningRate: learningRate,
      gradientNorm: norm.norm, clipRate: Double(state.clippedSteps) / Double(state.step),
      winRate: curvature == nil ? nil : statistics.winRate, gamma: gamma,
      curvatureNorm: optimizer.state.count > 1 ? statistics.curvatureNorm : nil,
      momentumNorm: statistics.momentumNorm, parameterNorm: statistics.thetaNorm,
      curvatureSequences: curved ? configuration.curvatureSequences : 0,
      skippedBatches: state.spikes?.refused,
      seconds: (ended - began) / .seconds(1),
      optimizerSeconds: (ended - updating) / .seconds(1), tokens: tokens,
      flops: model.trainingFlopsPerToken(T: configuration.context) * Double(tokens))
    record(step)
    report(.step(step))
  }
}
