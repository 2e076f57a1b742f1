import Inference
import Machine
import Tokenization
import Transformer

/// Texts that a model writes from `<|endoftext|>` on, as it has them (temperature 1), each with its
/// own draws; many at a time.
struct StoryWriter {
  let model: DecoderModel
  let tokenizer: Tokenizer
  let team: ThreadTeam

  /// `count` texts, to their end or the end of the context.
  func texts(_ count: Int) throws -> [String] {
    let length = model.config.contextLength
    let engine = try Engine(
      model, pages: 16 * KVPool.pages(for: length), on: team)
    let end = tokenizer.endOfText ?? 0
    var texts: [Int: [UInt32]] = [:]
    for sample in 0..<count {
      let id = try engine.submit(
        SequenceRequest(
          prompt: [end], maxTokens: max(1, length - 1), stopTokens: [end], seed: 1,
          sample: UInt32(sample)))
      texts[id] = []
    }
    while engine.unfinished > 0 {
      try Interrupts.check()
      for step in try engine.step() {
        if let token = step.token, token < tokenizer.vocabularySize {
          texts[step.request]?.append(token)
        }
      }
    }
    return texts.sorted { $0.key < $1.key }.map {
      String(decoding: tokenizer.decode($0.value), as: UTF8.self)
    }
  }
}
