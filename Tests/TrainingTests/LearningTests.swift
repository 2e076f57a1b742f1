import Files
import Testing

@testable import Training

extension TrainingTests {
  /// A model that learns.
  @Suite struct Learning {
    /// The built-in corpus with a vocabulary of 320 starts at ln 320 = 5.77 nats a token. A bigram
    /// of letters and pairs needs about 3; knowing how often each token occurs, about 4.6.
    @Test(arguments: [("sophia-g", 0.003, 4.45), ("adamw", 0.005, 3.85)])
    func aTinyModelLearnsTheStoriesInThreeHundredSteps(
      optimizer: String, lr: Double, bound: Double
    ) throws {
      let tiny = try TinyRun(stories: 200)
      let run = try tiny.run(
        tiny.request(
          "run",
          .init([
            "optimizer": .string(optimizer), "lr": .number(lr), "steps": 300, "warmup": 20,
            "context": 32, "batch-tokens": 256, "curvature-interval": 10,
          ])), threads: 2)
      let losses = run.events.steps.map(\.loss)
      #expect(abs(losses[0] - 5.768) < 0.15)
      #expect(losses.suffix(20).reduce(0, +) / 20 < bound)
      #expect(try #require(run.events.evaluations.last) < bound + 0.1)
    }
  }
}
