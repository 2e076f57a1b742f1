import Kernels
public import Machine

/// Loss and gradient of a step's sequences, micro-batch by micro-batch, with Sophia's sampled
/// gradient ĝ beside the true one where asked for. How a step is cut into micro-batches enters no
/// bit of the result.
public final class StepGradient {
  /// What a step is.
  public struct Plan: Sendable {
    /// Step number; keys the sampled labels.
    public var step: Int
    /// S, sequences of the step.
    public var sequences: Int
    /// The first so many sequences also give ĝ; 0 on steps without curvature.
    public var curvatureSequences: Int
    /// M, into how many groups of consecutive sequences those are divided, each with its own ĝ.
    public var curvatureGroups: Int
    /// Keys the sampled labels.
    public var seed: UInt64

    /// Memberwise.
    public init(
      step: Int, sequences: Int, curvatureSequences: Int, curvatureGroups: Int = 1, seed: UInt64
    ) {
      self.step = step
      self.sequences = sequences
      self.curvatureSequences = curvatureSequences
      self.curvatureGroups = curvatureGroups
      self.seed = seed
    }

    /// The sequences of group `m`.
    public func group(_ m: Int) -> Range<Int> {
      let (c, M) = (curvatureSequences, curvatureGroups)
      return c * m / M..<c * (m + 1) / M
    }
  }

  /// Largest micro-batch, in sequences.
  public let microBatch: Int
  /// T, tokens of a sequence.
  public let T: Int
  let config: GPT2Config
  let forward: Forward
  let head: Head
  let gradients: ParameterViews
  let curvature: ParameterViews?
  let tokenGradients: TokenGradients
  let sampledTokenGradients: TokenGradients?
  let losses: UnsafeMutablePointer<Double>
  let uniforms: UnsafeMutablePointer<Double>
  /// What the views point into, kept alive.
  private let arenas: [Arena]
  private var workspace: Workspace { forward.workspace }
  var plan = Plan(step: 0, sequences: 0, curvatureSequences: 0, seed: 0)
  var done = 0
  var lossSum = 0.0
  /// The group that the next sequence belongs to, if it is the curvature's.
  private var group = 0

  /// - parameters, gradients, curvature: arenas of the table's size; without `curvature` no plan
  ///   may ask for ĝ.
  /// - recompute: keeps the inputs of layers alone and computes the rest of each again in the
  ///   backward: the same bits in less memory. Throws ``MemoryError`` if the activations don't fit.
  public init(
    _ config: GPT2Config, table: ParameterTable, parameters: Arena, gradients: Arena,
    curvature: Arena?, microBatch: Int, T: Int, recompute: Bool = false, on team: ThreadTeam
  ) throws(MemoryError) {
    precondition(T >= 1 && T <= config.contextLength, "T \(T) of \(config.contextLength)")
    precondition(microBatch >= 1, "micro-batch \(microBatch)")
    arenas = [parameters, gradients] + (curvature.map { [$0] } ?? [])
    self.config = config
    self.microBatch = microBatch
    self.T = T
    forward = Forward(
      config: config, parameters: ParameterViews(table, parameters),
      activations: try Activations(config, B: microBatch, T: T, recompute: recompute),
      workspace: try Workspace(config, T: T, on: team))
    head = Head(
      config: config, weight: forward.parameters.head, activations: forward.activations,
      workspace: forward.workspace)
    self.gradients = ParameterViews(table, gradients)
    self.curvature = curvature.map { ParameterViews(table, $0) }
    tokenGradients = try TokenGradients(config)
    sampledTokenGradients = curvature == nil ? nil : try TokenGradients(config)
    losses = .allocate(capacity: microBatch * T)
    uniforms = .allocate(capacity: microBatch * T)
  }

  deinit {
    losses.deallocate()
    uniforms.deallocate()
  }

  /// Bytes that ``init`` takes on top of the arenas given to it, and that steps of at most `stepTokens`
  /// tokens touch of them.
  public static func bytes(
    _ config: GPT2Config, microBatch: Int, T: Int, stepTokens: Int = .max, recompute: Bool = false,
    curvature: Bool, threads: Int
  ) -> Int {
    Activations.bytes(config, B: microBatch, T: T, recompute: recompute)
      + Workspace.bytes(config, T: T, threads: threads)
      + TokenGradients.bytes(config, stepTokens: stepTokens) * (curvature ? 2 : 1)
      + 16 * microBatch * T
  }

  /// Bytes of a micro-batch's activations alone, all of them kept.
  public static func activationBytes(_ config: GPT2Config, microBatch: Int, T: Int) -> Int {
    Activations.bytes(config, B: microBatch, T: T)
  }

  /// Rows of logits that the head takes at a time in a micro-batch of `tokens` tokens.
  public static func headRows(_ config: GPT2Config, tokens: Int) -> Int {
    Activations.headRows(config, tokens)
  }

  /// Starts a step.
  public func begin(_ plan: Plan) {
    precondition(plan.sequences >= 1, "a step of no sequences")
    precondition(
      plan.curvatureSequences == 0 || curvature != nil && plan.curvatureSequences <= plan.sequences,
      "\(plan.curvatureSequences) sequences for curvature of \(plan.sequences)")
    precondition(
      plan.curvatureGroups >= 1 && plan.curvatureGroups <= max(1, plan.curvatureSequences),
      "\(plan.curvatureGroups) groups of \(plan.curvatureSequences) sequences")
    self.plan = plan
    (done, group) = (0, 0)
    lossSum = 0
    tokenGradients.discard(on: workspace.team)
    sampledTokenGradients?.discard(on: workspace.team)
    // Positions past T get no gradient.
    let unseen = (config.contextLength - T) * config.width
    workspace.clear(gradients.wpe + T * config.width, unseen)
    // A head of its own leaves wte to the look-up, which adds.
    if !config.tiesHead { workspace.clear(gradients.wte) }
    if plan.curvatureSequences > 0, let curvature {
      workspace.clear(curvature.wpe + T * config.width, unseen)
      workspace.clear(curvature.head)
      if !config.tiesHead { workspace.clear(curvature.wte) }
    }
  }

  /// The most sequences that the next micro-batch may have: it lies within a group, or in the last
  /// one and what comes after it.
  public var room: Int {
    let isBeforeTheLastGroup = plan.curvatureSequences > 0 && group + 1 < plan.curvatureGroups
    let end = isBeforeTheLastGroup ? plan.group(group).upperBound : plan.sequences
    return min(microBatch, end - done)
  }

  /// The next `count` (at most ``room``) sequences of the step, in order. Returns the sequences of
  /// the group whose last one was among them: until the next call the curvature's arena holds the
  /// group's share of ĝ, summed as ``finish()`` says.
  /// - tokens, targets: (count, T).
  @discardableResult
  public func add(
    tokens: UnsafePointer<UInt16>, targets: UnsafePointer<UInt16>, count: Int
  ) -> Range<Int>? {
    precondition(
      count >= 1 && count <= room,
      "micro-batch of \(count) after \(done) of \(plan.sequences), room for \(room)")
    let sampledCount = max(0, min(count, plan.curvatureSequences - done))
    forward.run(tokens, B: count, T: T)
    heads(targets, count, sampledCount)
    for n in 0..<(count * T) { lossSum += losses[n] }
    var ended: Range<Int>?
    if sampledCount > 0, let curvature, let sampledTokenGradients {
      let group = plan.group(group)
      Backward(
        forward: forward, gradients: curvature, tokenGradients: sampledTokenGradients,
        continuing: done > group.lowerBound, isAfterForward: true
      ).run(forward.activations.dsampled, tokens: tokens, B: sampledCount, T: T)
      if done + sampledCount == group.upperBound {
        sampledTokenGradients.flush(into: curvature.wte.base, on: workspace.team)
        ended = group
        self.group += 1
      }
    }
    Backward(
      forward: forward, gradients: gradients, tokenGradients: tokenGradients,
      continuing: done > 0, isAfterForward: sampledCount == 0
    ).run(forward.activations.dresidual, tokens: tokens, B: count, T: T)
    done += count
    return ended
  }

  /// Ends the step: gradients are those of the mean loss over all tokens (ĝ of the mean over the
  /// step's tokens too: multiply by the step's sequences over the group's for the mean over its own).
  /// Returns the mean loss in nats a token.
  public func finish() -> Double {
    precondition(done == plan.sequences, "\(done) of \(plan.sequences) sequences")
    tokenGradients.flush(into: gradients.wte.base, on: workspace.team)
    return lossSum / Double(plan.sequences * T)
  }

  /// Sum of the losses, in nats, of `count` sequences; no gradient.
  /// - tokens, targets: (count, T).
  public func loss(
    tokens: UnsafePointer<UInt16>, targets: UnsafePointer<UInt16>, count: Int
  ) -> Double {
    var sum = 0.0
    for loss in tokenLosses(tokens: tokens, targets: targets, count: count) { sum += loss }
    return sum
  }

  /// The loss of each token, in nats, (count, T), valid until the next call; no gradient.
  /// - tokens, targets: (count, T).
  public func tokenLosses(
    tokens: UnsafePointer<UInt16>, targets: UnsafePointer<UInt16>, count: Int
  ) -> UnsafeBufferPointer<Double> {
    precondition(count >= 1 && count <= microBatch, "micro-batch of \(count)")
    forward.run(tokens, B: count, T: T)
    head.losses(losses, targets: targets, N: count * T)
    return UnsafeBufferPointer(start: losses, count: count * T)
  }

  /// The head over the curvature's rows, then over the others: a chunk never crosses the border.
  private func heads(_ targets: UnsafePointer<UInt16>, _ count: Int, _ sampledCount: Int) {
    let scale = Float(1 / Double(plan.sequences * T))
    let border = sampledCount * T
    if sampledCount > 0, let curvature {
      let group = plan.group(group)
      if done == group.lowerBound && done > 0 {
        // The head's true gradient is one chain over all groups: ĝ takes what it grows by.
        LabelExchange.negate(
          out: curvature.head.base, other: gradients.head.base, count: curvature.head.count,
          on: workspace.team)
        if !config.tiesHead { workspace.clear(curvature.wte) }
      }
      drawUniforms(sampledCount)
      head.backward(
        rows: 0..<border, losses: losses, targets: targets, scale: scale,
        dweight: gradients.head, continuing: done > 0,
        sampling: Head.Sampling(dweight: curvature.head, uniforms: uniforms))
      if done + sampledCount == group.upperBound {
        // So far the head's true gradient holds the curvature's rows alone.
        LabelExchange.add(
          out: curvature.head.base, other: gradients.head.base, count: curvature.head.count,
          on: workspace.team)
      }
    }
    if sampledCount < count {
      head.backward(
        rows: border..<(count * T), losses: losses, targets: targets, scale: scale,
        dweight: gradients.head, continuing: done + sampledCount > 0, sampling: nil)
    }
  }

  /// One uniform a token, keyed by (seed, step, sequence, position).
  private func drawUniforms(_ count: Int) {
    let random = Philox(seed: plan.seed)
    for b in 0..<count {
      let index = UInt64(plan.step) << 32 | UInt64(done + b)
      for t in 0..<T {
        uniforms[b * T + t] = random.uniform(stream: .labels, index, UInt32(t))
      }
    }
  }
}
