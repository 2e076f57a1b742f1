import Generation
import Inference
import Machine
import Training
import Transformer

/// Samples of text while a model trains: one short text a time, always the same draws.
final class TextSampler {
  private let run: TrainingRun
  private let team: ThreadTeam

  init(run: TrainingRun, on team: ThreadTeam) {
    self.run = run
    self.team = team
  }

  /// A short text from these weights; a reason instead if there is none.
  func sample(_ parameters: Arena) -> String {
    let (tokenizer, length) = (run.dataset.tokenizer, MemoryPlan.sampleLength)
    do {
      let writer = try GenerationRun(
        DecoderModel(run.model, parameters: parameters, on: team), tokenizer, count: 1,
        longest: length, on: team)
      let request = SequenceRequest(
        prompt: [tokenizer.endOfText ?? 0], maxTokens: min(length, run.model.contextLength) - 1,
        sampling: SamplingSettings(temperature: 0.8),
        stopTokens: Set(tokenizer.endsOfText))
      var sample = ""
      try writer.run(
        [TextRequest(request)], finish: { sample = String(decoding: $1.shown, as: UTF8.self) })
      return sample
    } catch {
      return "(no sample: \(error))"
    }
  }
}
