import Kernels
import Machine
import Recipes
import Training
import Transformer

/// What `train` shows: the plan, then a progress line, evaluations, samples and checkpoints.
final class TrainDisplay {
  private var terminal = Terminal()
  private var peak = 0.0
  private var validation: Double?
  private var firstStep = 0
  private var elapsed = 0.0
  private var sinceLine = 0.0
  private var sampler: TextSampler?

  /// A line.
  func note(_ text: String) { terminal.note(text) }

  /// The plan of the run, before its first step.
  func begin(_ run: TrainingRun, _ trainer: Trainer, _ team: ThreadTeam) {
    let (c, m) = (run.configuration, run.model)
    let count = ParameterTable(m).count
    note(
      "model \(c.initFrom.isEmpty ? c.model : "of \(c.initFrom)"): \(Format.grouped(count)) parameters "
        + "(L \(m.layers), C \(m.width), H \(m.heads), V \(m.vocabularySize), T \(c.context))")
    note(
      "data: \(Format.grouped(run.dataset.train.count)) training and "
        + "\(Format.grouped(run.dataset.validation.count)) validation tokens")
    note(
      "\(c.optimizerRecipe.description(c)), lr \(c.learningRateDescription { Format.scientific($0) }), "
        + "\(Format.grouped(c.batchTokens)) tokens a step, \(Format.grouped(c.steps)) steps")
    note(trainer.memory.description)
    peak = PeakProbe.gigaops(on: team)
    note("measured fp32 peak \(Format.fixed(peak, 0)) GFLOP/s on \(team.count) threads")
    firstStep = trainer.step
    if trainer.step > 0 { note("resuming after step \(trainer.step)") }
    sampler = TextSampler(run: run, on: team)
  }

  /// An event of the run.
  func show(_ event: TrainingEvent) {
    switch event {
    case .notice(let text): note(text)
    case .preparing(let text): terminal.progress(text, always: false)
    case .step(let step): show(step)
    case .evaluating(let done, let count):
      terminal.progress(Format.share(done, of: count, "windows evaluated"), always: false)
    case .evaluation(let step, let nats, let bits):
      validation = nats
      let perByte = bits.map { ", \(Format.fixed($0, 4)) bits a byte" } ?? ""
      note("step \(step): validation loss \(Format.fixed(nats, 4)) nats a token\(perByte)")
    case .sample(let step, let parameters):
      let text = sampler?.sample(parameters) ?? ""
      terminal.note("sample at step \(step): ", quoting: text)
    case .checkpoint(let step, let path): note("step \(step): saved \(path)")
    case .checkpointFailed(let step, let reason, let earlier):
      let last = earlier.map { "the one of step \($0) is good" } ?? "there is none yet"
      note("step \(step): no checkpoint: \(reason); training goes on, \(last)")
    }
  }

  private func show(_ step: StepReport) {
    elapsed += step.seconds
    sinceLine += step.seconds
    let rate = Double((step.step - firstStep) * step.tokens) / elapsed
    let left = elapsed / Double(step.step - firstStep) * Double(step.steps - step.step)
    let share = step.flops / step.seconds * 1e-9 / max(peak, 1e-9)
    var parts = [
      ("step \(step.step)/\(step.steps)", 0), ("loss \(Format.fixed(step.loss, 4))", 0),
    ]
    if let validation { parts.append(("val \(Format.fixed(validation, 4))", 3)) }
    parts += [
      ("lr \(Format.scientific(step.learningRate))", 4),
      ("norm \(Format.fixed(step.gradientNorm, 2))", 5),
    ]
    if let winRate = step.winRate { parts.append(("win \(Format.fixed(winRate, 3))", 6)) }
    if let gamma = step.gamma { parts.append(("γ \(Format.scientific(gamma))", 7)) }
    parts += [
      ("\(Format.grouped(Int(rate))) tok/s", 1),
      ("\(Format.fixed(100 * share, 0))% of peak", 2), ("ETA \(Format.duration(left))", 0),
    ]
    let due = sinceLine >= 10 || step.step == firstStep + 1 || step.step == step.steps
    if due { sinceLine = 0 }
    terminal.progress(ProgressLine(parts), always: due)
    if step.step == step.steps { terminal.clear() }
  }
}
