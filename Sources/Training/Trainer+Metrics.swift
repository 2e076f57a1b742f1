import Files

extension Trainer {
  /// Evaluates the fixed slice, if there is one.
  /// - Returns: whether it came to the end; else `shouldStop` said so before
  /// - Throws: if its data were changed, after saving
  func evaluate(_ shouldStop: () -> Bool) throws(TrainingError) -> Bool {
    struct Stop: Error {}
    guard let validation else { return true }
    let result: Evaluation
    do throws(Stop) {
      result = try Evaluation(of: validation, lengths: lengths, with: gradient) {
        (done, count) throws(Stop) in
        report(.evaluating(done: done, count: count))
        if shouldStop() && done < count { throw Stop() }
      }
    } catch {
      return false
    }
    if let failure = validation.stream.failure {
      try save(final: true)
      throw .dataset(failure)
    }
    var members: [JSONMember] = [
      JSONMember("event", "eval"), JSONMember("step", .integer(state.step)),
      JSONMember("val_loss", .number(result.nats)),
    ]
    if let bits = result.bitsPerByte {
      members.append(JSONMember("val_bits_per_byte", .number(bits)))
    }
    addToLogs(.object(members), flush: true)
    report(.evaluation(step: state.step, nats: result.nats, bitsPerByte: result.bitsPerByte))
    return true
  }

  /// Logs a step.
  func record(_ step: StepReport) {
    var members: [JSONMember] = [
      JSONMember("event", "step"), JSONMember("step", .integer(step.step)),
      JSONMember("tokens", .integer(step.step * step.tokens)),
      JSONMember("loss", .number(step.loss)), JSONMember("lr", .number(step.learningRate)),
      JSONMember("grad_norm", .number(step.gradientNorm)),
      JSONMember("clip_rate", .number(step.clipRate)),
    ]
    if let winRate = step.winRate { members.append(JSONMember("win_rate", .number(winRate))) }
    if let gamma = step.gamma { members.append(JSONMember("gamma", .number(gamma))) }
    if let norm = step.curvatureNorm {
      members.append(JSONMember(step.winRate == nil ? "v_norm" : "h_norm", .number(norm)))
    }
    if step.curvatureSequences > 0 {
      members.append(JSONMember("curvature_sequences", .integer(step.curvatureSequences)))
    }
    if let skipped = step.skippedBatches {
      members.append(JSONMember("skipped_batches", .integer(skipped)))
    }
    members += [
      JSONMember("m_norm", .number(step.momentumNorm)),
      JSONMember("param_norm", .number(step.parameterNorm)),
      JSONMember("seconds", .number(step.seconds)),
      JSONMember("optimizer_seconds", .number(step.optimizerSeconds)),
      JSONMember("tokens_per_second", .number(step.tokensPerSecond)),
    ]
    addToLogs(.object(members))
  }

  /// Adds an event to the logs, which bring every tenth to disk by themselves.
  func addToLogs(_ event: JSON, flush: Bool = false) {
    eventFile?.add(event)
    writeLogs { () throws(FileError) in
      try log.add(event)
      if flush || log.pending.isEmpty { try flushLogs() }
    }
  }

  /// Brings what the logs hold back to disk.
  func flushLogs() throws(FileError) {
    try log.flush()
    try eventFile?.flush()
  }

  /// Brings the logs to where a checkpoint is: a run that goes on from it finds every line before.
  func synchronizeLogs() throws(FileError) {
    try log.synchronize()
    try eventFile?.synchronize()
  }

  /// A log that cannot be written stops no run: its events wait in memory.
  func writeLogs(_ body: () throws(FileError) -> Void) {
    do throws(FileError) {
      try body()
      logIsStuck = false
    } catch {
      if !logIsStuck { report(.notice("\(error); its lines wait until it can be written")) }
      logIsStuck = true
    }
  }
}
