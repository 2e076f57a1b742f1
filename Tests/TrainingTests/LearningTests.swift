import Dataset
import Files
import Machine
import Testing

@testable import Training

extension TrainingTests {
  /// A model that learns.
  @Suite struct Learning {
    /// It starts at ln 320 nats a token. Knowing how often each token occurs takes it to the entropy of
    /// the unigram model, where a model stays that makes nothing of the context.
    @Test(
      arguments: [
        ("sophia-g", 0.002), ("sophia-h", 0.002), ("adamw", 0.01), ("lion", 0.002), ("muon", 0.02),
        ("sophia-muon", 0.02),
      ])
    func aTinyModelIsBelowTheUnigramModelInFourHundredSteps(optimizer: String, lr: Double) throws {
      let tiny = try TinyRun(stories: 200)
      var request = tiny.request(
        "run",
        .init([
          "optimizer": .string(optimizer), "lr": .number(lr), "adamw-lr": 0.01, "beta1": 0.9,
          "steps": 400,
          "warmup": 20, "context": 32, "batch-tokens": 512, "curvature-interval": 10,
        ]))
      (request.options.evalEvery, request.options.evalTokens) = (0, 1 << 20)
      let run = try tiny.run(request)
      #expect(abs(try #require(run.events.steps.first?.loss) - 5.768) < 0.15)

      let team = ThreadTeam(count: 1)
      let dataset = try TokenDataset(directory: tiny.file("data"))
      let slice = try ValidationSlice(dataset.validation, context: 32, maxTokens: nil)
      let unigram = NGramModel(
        order: 1, tokens: dataset.train, vocabularySize: dataset.tokenizer.vocabularySize, on: team
      ).crossEntropy(of: dataset.validation, targets: slice.targets, on: team)
      let model = try #require(run.events.evaluations.last)
      #expect(model < unigram - 0.15, "model \(model), unigram \(unigram)")
    }
  }
}
