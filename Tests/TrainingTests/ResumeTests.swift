import Files
import Machine
import Recipes
import Testing

@testable import Training

extension TrainingTests {
  /// A run that was interrupted and resumed is the run that was not.
  @Suite struct Resume {
    /// Stopped after each step of two curvature intervals, with threads and micro-batch changed.
    @Test(arguments: Recipe.all)
    func atAnyPhaseOfTheCurvatureIntervalGivesTheSameBits(recipe: Recipe) throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("whole", recipe.flags))
      let log = try metrics(tiny.text("whole/metrics.jsonl"))
      for stop in 0...9 {
        let out = "run-\(stop)"
        let part = try tiny.run(tiny.request(out, recipe.flags), stopAt: stop)
        #expect(part.outcome == .interrupted(step: stop))
        #expect(part.events.evaluations.count == (stop > 5 ? 1 : 0))
        let request = tiny.request(out, recipe.flags, microBatch: 1 + stop % 4, resume: true)
        let rest = try tiny.run(request, threads: 1 + stop % 2)
        #expect(rest.outcome == .finished)
        #expect(rest.events.steps.first?.step == stop + 1)
        #expect(rest.bits == whole.bits, "stopped after \(stop)")
        #expect(try metrics(tiny.text("\(out)/metrics.jsonl")) == log)
        for name in ["model.safetensors", "optimizer.safetensors", "trainer_state.json"] {
          let same =
            try tiny.read("\(out)/step-00000012/\(name)")
            == tiny.read("whole/step-00000012/\(name)")
          #expect(same, "\(name) after a stop at \(stop)")
        }
      }
    }

    /// A run that died without a word goes on from its last checkpoint, and what it had logged beyond
    /// that is logged once.
    @Test func fromACheckpointBeforeTheEndOfTheLog() throws {
      let tiny = try TinyRun()
      var request = tiny.request("run")
      request.options.checkpointEvery = 3
      let whole = try tiny.run(request)
      let log = try tiny.read("run/metrics.jsonl")
      // As if killed in step 12 with half a line written.
      try LocalFileSystem().removeTree(tiny.file("run/step-00000012"))
      try LocalFileSystem().writeAtomically(
        log + Array("{\"event\":\"step\",\"st".utf8), to: tiny.file("run/metrics.jsonl"))
      request.resume = true
      let rest = try tiny.run(request)
      #expect(rest.events.steps.map(\.step) == [10, 11, 12])
      #expect(rest.bits == whole.bits)
      let before = try metrics(String(decoding: log, as: UTF8.self))
      #expect(try metrics(tiny.text("run/metrics.jsonl")) == before)
    }

    /// A stop within an evaluation does not wait for its end; it is made when the run goes on, once.
    @Test func afterAStopWithinAnEvaluationMakesIt() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("whole"))
      let last = try #require(whole.events.evaluations.last)
      let part = try tiny.run(tiny.request("run"), stopAt: 12)
      #expect(part.outcome == .interrupted(step: 12) && part.events.saved == [12])
      #expect(part.events.evaluations.count == 2)
      for evaluations in [[last], []] {
        let rest = try tiny.run(tiny.request("run", resume: true))
        #expect(rest.outcome == .finished && rest.events.steps.isEmpty)
        #expect(rest.events.evaluations == evaluations)
        let logs = try ["run", "whole"].map { try metrics(tiny.text("\($0)/metrics.jsonl")) }
        #expect(logs[0] == logs[1])
        for name in ["model.safetensors", "optimizer.safetensors", "trainer_state.json"] {
          let files = try ["run", "whole"].map { try tiny.read("\($0)/step-00000012/\(name)") }
          #expect(files[0] == files[1], "\(name)")
        }
      }
    }

    @Test func ofAFinishedRunDoesNothing() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("run"))
      let log = try tiny.read("run/metrics.jsonl")
      let again = try tiny.run(tiny.request("run", resume: true))
      #expect(again.outcome == .finished && again.events.steps.isEmpty)
      #expect(again.bits == whole.bits)
      #expect(try tiny.read("run/metrics.jsonl") == log)
    }

    @Test(
      arguments: [
        ("lr", 0.5, "0.002"), ("steps", 13, "12"), ("seed", 7, "0"), ("context", 8, "16"),
        ("optimizer", "adamw", "\"sophia-g\""), ("batch-tokens", 128, "64"), ("warmup", 3, "2"),
        ("recipe", "paper", "\"none\""), ("model", "gpt2", nil),
      ] as [(String, JSON, String?)])
    func withAChangedFlagIsAnErrorThatNamesIt(key: String, value: JSON, was: String?) throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run"), stopAt: 2)
      var request = tiny.request("run", [JSONMember(key, value)], resume: true)
      let changed = line { try tiny.run(request) }
      #expect(changed.hasPrefix("--\(key) is \(was ?? "")"), "\(changed)")
      #expect(changed.contains("cannot change") && changed.contains("--init-from"), "\(changed)")
      // In a file it is the same.
      try tiny.write(.object([JSONMember(key, value)]), to: "change.json")
      (request.flags, request.configFile) = ([], tiny.file("change.json"))
      #expect(line { try tiny.run(request) } == changed)
      // The run itself is none the worse for it.
      #expect(try tiny.run(tiny.request("run", resume: true)).outcome == .finished)
    }

    /// Data that lie elsewhere now are found where the flag says, others are told from them.
    @Test func goesOnWithDataThatMoved() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("whole"))
      try tiny.run(tiny.request("run"), stopAt: 5)
      try LocalFileSystem().rename(tiny.file("data"), to: tiny.file("moved"))
      try TinyRun.build(
        stories: 50, tokenizer: try TinyRun.makeTokenizer(), output: tiny.file("others"))
      func resume(_ data: String) throws -> FinishedRun {
        try tiny.run(
          tiny.request("run", [JSONMember("data", .string(tiny.file(data)))], resume: true),
          stopAt: 9)
      }
      let missing = line { _ = try resume("data") }
      #expect(missing.contains(tiny.file("data")), "\(missing)")
      let wrong = line { _ = try resume("others") }
      #expect(wrong.contains("not the data that the run began with"), "\(wrong)")
      #expect(try resume("moved").outcome == .interrupted(step: 9))
      // From then on it is known.
      var request = tiny.request("run", resume: true)
      request.flags = []
      let rest = try tiny.run(request)
      #expect(rest.outcome == .finished && rest.bits == whole.bits)
    }

    /// No flag at all, and the same ones again, both go on; the intervals may change.
    @Test func takesTheStoredConfiguration() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("whole"))
      try tiny.run(tiny.request("run"), stopAt: 5)
      var request = tiny.request("run", resume: true)
      request.flags = []
      request.options.checkpointEvery = 2
      request.options.evalEvery = 3
      request.options.keep = 1
      let rest = try tiny.run(request)
      #expect(rest.bits == whole.bits)
      #expect(rest.events.saved == [6, 8, 10, 12] && rest.events.evaluations.count == 3)
      #expect(
        try LocalFileSystem().list(tiny.file("run")).filter { $0.hasPrefix("step-") }.count == 1)
    }

    /// The file of a model is read once: the checkpoint has its sizes.
    @Test func needsTheModelsFileNoMore() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("whole"))
      try tiny.run(tiny.request("run"), stopAt: 5)
      try LocalFileSystem().removeFile(tiny.file("model.json"))
      #expect(try tiny.run(tiny.request("run", resume: true)).bits == whole.bits)
    }

    /// Other tokens under the same path would be another run, silently.
    @Test func refusesOtherDataUnderTheSamePath() throws {
      let tiny = try TinyRun(stories: 60)
      try tiny.run(tiny.request("run"), stopAt: 5)
      try LocalFileSystem().removeTree(tiny.file("data"))
      try TinyRun.build(
        stories: 50, tokenizer: TinyRun.makeTokenizer(), output: tiny.file("data"))
      let other = line { try tiny.run(tiny.request("run", resume: true)) }
      #expect(other.contains(tiny.file("data")) && other.contains("not the data"), "\(other)")
    }

    /// `configuration.json` runs the run again.
    @Test func theConfigurationFileRunsItAgain() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("whole"))
      var request = tiny.request("again")
      (request.flags, request.configFile) = ([], tiny.file("whole/configuration.json"))
      #expect(try tiny.run(request).bits == whole.bits)
      request.out = tiny.file("other")
      request.flags = [JSONMember("seed", 5)]
      #expect(try tiny.run(request).bits != whole.bits)
    }

    /// The same run with another optimizer has that one's numbers, and says so; without another all of
    /// the file's.
    @Test func aConfigurationFileGivesNoNumbersToAnotherOptimizer() throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("muon", [JSONMember("optimizer", "sophia-muon")]))
      func opened(
        _ optimizer: String, _ more: [JSONMember] = []
      ) throws -> (TrainingConfiguration, notices: [String]) {
        var request = TrainingRun.Request(out: tiny.file(optimizer + "-again"))
        request.configFile = tiny.file("muon/configuration.json")
        request.flags = [JSONMember("optimizer", .string(optimizer))] + more
        let events = Events()
        let run = try TrainingRun(request, on: ThreadTeam(count: 1)) { events.add($0) }
        return (run.configuration, events.notices)
      }
      let (other, said) = try opened("adamw", [JSONMember("beta1", 0.7)])
      #expect(other.lr == 1e-3 && other.beta2 == 0.95 && other.epsilon == 1e-8)
      #expect(other.beta1 == 0.7 && other.steps == 12 && other.batchTokens == 64)
      let text = try #require(said.first { $0.contains("configuration.json") })
      #expect(text.hasSuffix("its numbers of sophia-muon are left out, --optimizer has others"))
      let (same, nothing) = try opened("sophia-muon")
      #expect(same.lr == 0.002 && same.curvatureInterval == 4 && same.sophiaLR == 0.008)
      #expect(!nothing.contains { $0.contains("left out") })
    }
  }
}
