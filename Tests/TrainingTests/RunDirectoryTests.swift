import Checkpoints
import Files
import Machine
import Testing

@testable import Training

extension TrainingTests {
  /// What a run directory may hold when a run begins.
  @Suite struct RunDirectory {
    private let disk = LocalFileSystem()

    @Test func aValidCheckpointIsRefusedWithoutResume() throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run"), stopAt: 3)
      let before = try disk.list(tiny.file("run"))
      let refused = line { try tiny.run(tiny.request("run")) }
      #expect(
        refused
          == "\(tiny.file("run")) holds a run (\(tiny.file("run/step-00000003"))): add --resume to go on "
          + "with it, or choose another --out")
      #expect(try disk.list(tiny.file("run")) == before)
    }

    @Test func leftoversAloneAreStartedOver() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(tiny.request("whole"))
      try disk.makeDirectories(tiny.file("run/.tmp-step-00000005"))
      try disk.writeAtomically([1, 2], to: tiny.file("run/.tmp-step-00000005/model.safetensors"))
      try disk.makeDirectories(tiny.file("run/.trash-step-00000004"))
      try disk.writeAtomically(
        Array("{\"event\":\"step\",\"step\":1}\n{\"event\":\"step\",\"step\":9}\n".utf8),
        to: tiny.file("run/metrics.jsonl"))
      try tiny.write(["lr": 0.5], to: "run/configuration.json")
      let run = try tiny.run(tiny.request("run"))
      #expect(run.bits == whole.bits)
      #expect(
        try metrics(tiny.text("run/metrics.jsonl")) == metrics(tiny.text("whole/metrics.jsonl")))
      #expect(try disk.list(tiny.file("run")).allSatisfy { !$0.hasPrefix(".") })
    }

    /// A machine that is taken away before the first checkpoint restarts with the same command.
    @Test func resumeWithoutACheckpointStartsWithANotice() throws {
      let tiny = try TinyRun()
      let run = try tiny.run(tiny.request("run", resume: true))
      #expect(run.outcome == .finished)
      #expect(run.events.notices.contains { $0.contains("no checkpoint yet") })
      #expect(run.bits == (try tiny.run(tiny.request("whole"))).bits)
    }

    /// A preset for larger texts, with the vocabulary that the fewest stories give.
    @Test func storiesGiveTheVocabularyTheyHave() throws {
      let tiny = try TinyRun()
      var request = tiny.request("run", [JSONMember("vocabulary", 8192)])
      request.flags.removeAll { $0.key == "data" }
      let events = Events()
      let run = try TrainingRun(request, on: ThreadTeam(count: 2)) { events.add($0) }
      #expect(run.dataset.tokenizer.vocabularySize == BuiltInCorpus.largestVocabulary)
      #expect(
        events.notices.contains(
          "data: the built-in corpus, 2000 stories, which give a vocabulary of 3072 and not 8192"))
    }

    @Test func checkpointsOfWhichNoneIsValidAreAnError() throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run"), stopAt: 3)
      try flipBit(of: tiny.file("run/step-00000003/model.safetensors"))
      for resume in [false, true] {
        let refused = line { try tiny.run(tiny.request("run", resume: resume)) }
        #expect(refused.contains("none of its 1 checkpoints is valid"), "\(refused)")
        #expect(refused.contains("step-00000003/model.safetensors: checksum"), "\(refused)")
      }
    }

    @Test(arguments: [
      "model.safetensors", "optimizer.safetensors", "trainer_state.json", "manifest.json",
    ])
    func aDamagedNewestIsNamedAndTheOneBeforeUsed(file: String) throws {
      let tiny = try TinyRun()
      var request = tiny.request("run")
      request.options.checkpointEvery = 4
      let whole = try tiny.run(request)
      let path = tiny.file("run/step-00000012/\(file)")
      for damage in [flipBit, cutShort, remove] {
        try damage(path)
        request.resume = true
        let rest = try tiny.run(request)
        let named = rest.events.notices.contains {
          $0.hasPrefix("passed over a damaged checkpoint") && $0.contains("step-00000012")
        }
        #expect(named, "\(rest.events.notices)")
        #expect(rest.events.steps.map(\.step) == [9, 10, 11, 12])
        #expect(rest.bits == whole.bits)
        #expect(rest.events.saved == [12])
      }
    }

    @Test func oneRunAtATime() throws {
      let tiny = try TinyRun()
      let team = ThreadTeam(count: 1)
      let first = try TrainingRun(tiny.request("run"), on: team) { _ in }
      let second = line { _ = try TrainingRun(tiny.request("run"), on: team) { _ in } }
      #expect(second.contains("in use by another run"), "\(second)")
      withExtendedLifetime(first) {}
    }

    /// The built-in corpus of an earlier try with other settings is not taken for this one's.
    @Test func leftoverStoriesOfOtherSettingsAreMadeAnew() throws {
      let tiny = try TinyRun()
      func request(_ vocabulary: Int, _ stories: Int) -> TrainingRun.Request {
        tiny.request(
          "run",
          .init(["data": "", "vocabulary": .integer(vocabulary), "stories": .integer(stories)]))
      }
      let team = ThreadTeam(count: 1)
      for (vocabulary, stories) in [(300, 200), (320, 200), (320, 210), (320, 210)] {
        let run = try TrainingRun(request(vocabulary, stories), on: team) { _ in }
        #expect(run.dataset.tokenizer.vocabularySize == vocabulary)
        #expect(run.dataset.description?.train.documents == stories)
        #expect(run.model.vocabularySize == vocabulary)
      }
    }

    /// Stories are a function of the configuration, so a run whose data were removed goes on.
    @Test func storiesThatWereRemovedAreMadeAgain() throws {
      let tiny = try TinyRun()
      let stories: [JSONMember] = .init(["data": "", "vocabulary": 300, "stories": 200])
      let whole = try tiny.run(tiny.request("whole", stories))
      try tiny.run(tiny.request("run", stories), stopAt: 5)
      try disk.removeTree(tiny.file("run/data"))
      let rest = try tiny.run(tiny.request("run", stories, resume: true))
      #expect(rest.bits == whole.bits)
      #expect(rest.events.preparing.contains { $0.hasPrefix("training a vocabulary of 300") })
      let again = try tiny.run(tiny.request("run", stories, resume: true))
      #expect(again.events.preparing.isEmpty)
    }

    /// The quick checks come before the long work.
    @Test func aContextTooLongIsRefusedBeforeStoriesAreMade() throws {
      let tiny = try TinyRun()
      let request = tiny.request(
        "run", .init(["data": "", "context": 128, "batch-tokens": 128, "stories": 200]))
      let refused = line { try tiny.run(request) }
      #expect(
        refused == "--context 128 is more than the model's n_positions 64: lower it", "\(refused)")
      #expect(!disk.exists(tiny.file("run/data")))
    }

    private func flipBit(of path: String) throws {
      var bytes = try disk.readBytes(path, limit: 1 << 30)
      bytes[bytes.count / 2] ^= 4
      try disk.writeAtomically(bytes, to: path)
    }

    private func cutShort(_ path: String) throws {
      let bytes = try disk.readBytes(path, limit: 1 << 30)
      try disk.writeAtomically(Array(bytes.dropLast(3)), to: path)
    }

    private func remove(_ path: String) throws { try disk.removeFile(path) }
  }
}
