import Comparison
import Training

/// What `compare` shows: cells as they begin and end, a progress line with the time left for cell and
/// study.
final class CompareDisplay {
  private var terminal = Terminal()
  private let clock = ContinuousClock()
  private lazy var started = clock.now
  private lazy var lastLine = clock.now
  /// Tokens trained on since the program was started.
  private var tokens = 0
  private var firstStep: Int?

  /// An event of the study.
  func show(_ event: ComparisonEvent) {
    switch event {
    case .notice(let text): terminal.note(text)
    case .preparing(let text): terminal.progress(text, always: false)
    case .planned(let cells, let finished):
      terminal.note("\(cells) cells, \(finished) finished already")
      started = clock.now
    case .began(let place):
      terminal.note("cell \(place.number)/\(place.count) \(place.cell)")
      firstStep = nil
    case .training(let place, let event): show(event, place)
    case .ended(let place, let result): show(result, place)
    case .reported: break
    }
  }

  private func show(_ event: TrainingEvent, _ place: ComparisonEvent.Place) {
    switch event {
    case .notice(let text): terminal.note(text)
    case .preparing(let text): terminal.progress(text, always: false)
    case .step(let step): show(step, place)
    case .checkpointFailed(let step, let reason, _):
      terminal.note("step \(step): no checkpoint: \(reason); training goes on")
    case .evaluating(let done, let count):
      terminal.progress(
        "cell \(place.number)/\(place.count)  "
          + Format.share(done, of: count, "windows evaluated"),
        always: false)
    case .evaluation, .sample, .checkpoint: break
    }
  }

  private func show(_ step: StepReport, _ place: ComparisonEvent.Place) {
    if firstStep == nil && step.step > 1 {
      terminal.note("going on after step \(step.step - 1)")
    }
    let isFirst = firstStep == nil
    firstStep = firstStep ?? step.step
    tokens += step.tokens
    // Evaluations, checkpoints and reports are in it, as they will be in what is left.
    let rate = Double(tokens) / max((clock.now - started) / .seconds(1), 1e-9)
    let leftOfCell = (step.steps - step.step) * step.tokens
    let parts = [
      ("cell \(place.number)/\(place.count)", 0), ("step \(step.step)/\(step.steps)", 0),
      ("loss \(Format.fixed(step.loss, 4))", 2), ("lr \(Format.scientific(step.learningRate))", 4),
      ("\(Format.grouped(Int(rate))) tok/s", 3),
      ("ETA \(Format.duration(Double(leftOfCell) / rate))", 1),
      ("study \(Format.duration(Double(leftOfCell + place.tokensAfter) / rate))", 0),
    ]
    let due = isFirst || clock.now - lastLine >= .seconds(10)
    if due { lastLine = clock.now }
    terminal.progress(ProgressLine(parts), always: due)
  }

  private func show(_ result: CellResult, _ place: ComparisonEvent.Place) {
    let end =
      switch result.status {
      case .finished: "validation loss \(Format.fixed(result.loss ?? .nan, 4)) nats a token"
      case .diverged:
        "diverged in step \(result.divergedStep ?? 0): \(result.reason ?? "")"
      }
    terminal.note("cell \(place.number)/\(place.count) \(place.cell): \(end)")
  }
}
