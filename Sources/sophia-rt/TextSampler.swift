import Inference
import Machine
import Tokenization
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
    let tokenizer = run.dataset.tokenizer
    do {
      let model = try DecoderModel(run.model, parameters: parameters, on: team)
      let engine = try Engine(model, pages: KVPool.pages(for: MemoryPlan.sampleLength), on: team)
      let generator = try Generator(
        engine,
        SequenceRequest(
          prompt: [tokenizer.endOfText ?? 0],
          maxTokens: min(MemoryPlan.sampleLength, run.model.contextLength) - 1,
          sampling: SamplingSettings(temperature: 0.8),
          stopTokens: Set(tokenizer.endsOfText)))
      var ids: [UInt32] = []
      while let step = try generator.next() {
        if let token = step.token, token < tokenizer.vocabularySize { ids.append(token) }
      }
      return String(decoding: tokenizer.decode(ids), as: UTF8.self)
    } catch {
      return "(no sample: \(error))"
    }
  }
}
