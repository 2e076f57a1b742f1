import Checkpoints
import Files
import Foundation
import Glibc
import Testing
import Training

@testable import Comparison

extension ComparisonTests {
  /// Studies that run.
  @Suite struct StudyRuns {
    private func keys(_ place: StudyPlace, _ out: String = "out") throws -> [String] {
      try LocalFileSystem().list(place.file("\(out)/cells"))
    }

    @Test func theResultsAreInTheOrderOfTheStudy() throws {
      let place = try StudyPlace()
      let run = try place.run(try place.study())
      let cells = [
        "adamw lr=0.002 seed=1", "adamw lr=0.02 seed=1", "sophia lr=0.002 gamma=0.05 seed=1",
        "sophia lr=0.002 gamma=0.5 seed=1", "adamw lr=0.002 seed=2", "adamw lr=0.02 seed=2",
        "sophia lr=0.002 gamma=0.05 seed=2", "sophia lr=0.002 gamma=0.5 seed=2",
      ]
      #expect(run.isDone && run.began == cells)
      let lines = try place.text("out/results.jsonl").split(separator: "\n").map {
        try JSON(parsing: Array($0.utf8), name: "results")
      }
      #expect(lines.map { $0["cell"]?.stringValue } == cells)
      for line in lines {
        #expect(line["status"] == "finished" && line["steps"] == 12 && line["tokens"] == 768)
        let curve = try #require(line["curve"]?.arrayValue)
        #expect(curve.compactMap { $0.arrayValue?.first?.intValue } == [3, 6, 9, 12])
        #expect(curve.last?.arrayValue?.last == line["val_loss"])
        #expect(line["configuration"]?["data"] == nil && line["seconds"] == nil)
        let inside = ["win_rate", "curvature_norm"].map { line[$0]?.arrayValue?.count ?? 0 }
        #expect(inside == [line["arm"] == "sophia" ? 12 : 0, 12])
      }
      #expect(Set(lines.compactMap { $0["val_loss"]?.doubleValue }).count == 8)
      // Weights of finished cells are gone; times lie elsewhere.
      for key in try keys(place) {
        let store = CheckpointStore(directory: place.file("out/cells/\(key)"))
        #expect(try store.steps().isEmpty)
      }
      let timings = try StudyDirectory(place.file("out"), files: LocalFileSystem()).timings()
      #expect(timings.count == 8 && timings.values.allSatisfy { $0.seconds > 0 })
      #expect(timings.values.allSatisfy { $0.secondsOnCurve.count == 4 })
      #expect(timings.values.filter { $0.curvatureShare != nil }.count == 4)
    }

    /// Stopped after every step in turn and started again with other threads: the same bytes.
    @Test func stoppedInTheMiddleItGoesOnToTheSameBytes() throws {
      let place = try StudyPlace()
      let study = try place.study(seeds: "[1]")
      try place.run(study, "whole")
      let whole = try place.text("whole/results.jsonl")
      for steps in [1, 2, 7, 12, 13] {
        let out = "out-\(steps)"
        var (lives, began): (Int, [String]) = (0, [])
        var isDone = false
        while !isDone {
          lives += 1
          try #require(lives < 100)
          var seen = 0
          let life = try place.run(study, out, threads: 1 + lives % 2) { event in
            if case .training(_, .step) = event { seen += 1 }
            return seen >= steps
          }
          isDone = life.isDone
          began += life.began
        }
        #expect(try place.text("\(out)/results.jsonl") == whole, "\(steps)")
        #expect(lives > 48 / steps - 1)
        if steps == 13 { #expect(began.count == 7) }
      }
    }

    /// A finished cell is never run again: not by the same study, nor by one that gained arms.
    @Test func whatIsFinishedIsNotRunAgain() throws {
      let place = try StudyPlace()
      let study = try place.study(seeds: "[1]")
      try place.run(study)
      let before = try place.text("out/results.jsonl")
      let report = try place.text("out/report.html")
      #expect(try place.run(study).began.isEmpty)
      #expect(try place.text("out/results.jsonl") == before)
      let arms = StudyPlace.arms.replacingOccurrences(of: "0.02]", with: "0.02, 0.01]").dropLast()
      let more = try place.study(arms + ", \"lion\": {\"optimizer\": \"lion\"}}", seeds: "[1]")
      #expect(try place.run(more).began == ["adamw lr=0.01 seed=1", "lion seed=1"])
      let after = try place.text("out/results.jsonl").split(separator: "\n")
      #expect(after.count == 6)
      #expect(Set(before.split(separator: "\n")).isSubset(of: after))
      // Back to the smaller one: its lines and its report, without a step.
      #expect(try place.run(try place.study(seeds: "[1]")).began.isEmpty)
      #expect(try place.text("out/results.jsonl") == before)
      #expect(try place.text("out/report.html") == report)
    }

    /// A study that was handed on without its cells' folders has their results all the same: nothing is
    /// run, and nothing lost.
    /// What a link in a study's directory leads to is not the study's.
    @Test(arguments: ["cells", "adopted", "data"]) func linksAreRefused(_ name: String) throws {
      let place = try StudyPlace()
      let disk = LocalFileSystem()
      try disk.makeDirectories(place.file("home/step-00000004"))
      try disk.makeDirectories(place.file("out"))
      try #require(symlink("../home", place.file("out/\(name)")) == 0)
      let study = try place.study(seeds: "[1]")
      let error = try #require(throws: ComparisonError.self) { try place.run(study) }
      #expect(error.description.contains("out/\(name): path: expected a directory"))
      #expect(try disk.list(place.file("home")) == ["step-00000004"])
    }

    @Test func linesWithoutFoldersAreFinishedCells() throws {
      let place = try StudyPlace()
      let study = try place.study(seeds: "[1]")
      try place.run(study)
      let names = ["results.jsonl", "timings.jsonl", "report.html"]
      let before = try names.map { try place.text("out/\($0)") }
      let keys = Set(try keys(place))
      try LocalFileSystem().removeTree(place.file("out/cells"))
      let more = try place.study(
        StudyPlace.arms.dropLast() + ", \"lion\": {\"optimizer\": \"lion\"}}", seeds: "[1]")
      // Stopped before its one new cell is finished.
      let stopped = try place.run(more) { if case .training = $0 { true } else { false } }
      #expect(!stopped.isDone && stopped.began == ["lion seed=1"])
      #expect(try place.text("out/results.jsonl") == before[0])
      #expect(keys.isStrictSubset(of: try self.keys(place)))
      #expect(!LocalFileSystem().exists(place.file("out/adopted")))
      #expect(try place.run(try place.study(seeds: "[1]")).began.isEmpty)
      #expect(try names.map { try place.text("out/\($0)") } == before)
      // A key is part of a path.
      try LocalFileSystem().removeTree(place.file("out/cells"))
      let key = try #require(keys.first)
      try place.write(
        before[0].replacingOccurrences(of: key, with: "../../../../../x"), to: "out/results.jsonl")
      let refused = line { try place.run(try place.study(seeds: "[1]")) }
      #expect(refused.contains("key: expected 16 hexadecimal digits, found ../"), "\(refused)")
      #expect(!LocalFileSystem().exists(place.file("out/cells")))
    }

    @Test func theBestOfAnArmRunsWithTheFinalistsSeeds() throws {
      let place = try StudyPlace()
      let study = try place.study(more: "\"finalist-seeds\": [2, 3],", seeds: "[1]")
      let run = try place.run(study)
      let records = try StudyDirectory(place.file("out"), files: LocalFileSystem()).records()
      let adamW = records.filter { $0.arm == "adamw" && $0.seed == 1 }
      let best = try #require(adamW.min { $0.result.loss ?? 9 < $1.result.loss ?? 9 })
      let finalists = run.began.dropFirst(4)
      #expect(finalists.count == 4)
      #expect(finalists.first == best.name.replacingOccurrences(of: "seed=1", with: "seed=2"))
      #expect(finalists.last?.hasSuffix("seed=3") == true)
      // An arm more, stopped before it is done: the finalists keep their lines.
      let before = try place.text("out/results.jsonl")
      let more = try place.study(
        StudyPlace.arms.dropLast() + ", \"lion\": {\"optimizer\": \"lion\"}}",
        more: "\"finalist-seeds\": [2, 3],", seeds: "[1]")
      let stopped = try place.run(more) { if case .training = $0 { true } else { false } }
      #expect(!stopped.isDone && stopped.began == ["lion seed=1"])
      #expect(try place.text("out/results.jsonl") == before)
    }

    /// A learning rate that no model survives is recorded, and the study goes on.
    @Test func aCellThatDivergesIsRecorded() throws {
      let place = try StudyPlace()
      let study = try place.study(
        """
        {"wild": {"optimizer": "adamw", "lr": [1000, 0.002], "weight-decay": 900,
                  "schedule": "constant", "warmup": 0, "batch-tokens": 16},
         "adamw": {"optimizer": "adamw", "lr": 0.002}}
        """, seeds: "[1]")
      let run = try place.run(study)
      #expect(run.isDone && run.began.count == 3)
      let records = try StudyDirectory(place.file("out"), files: LocalFileSystem()).records()
      let wild = records[0].result
      #expect(wild.status == .diverged && wild.loss == nil)
      #expect((1...48).contains(try #require(wild.divergedStep)))
      let reasons = ["the loss is not finite", "the gradient is not finite"]
      #expect(reasons.contains(wild.reason ?? ""))
      #expect(records[2].result.status == .finished)
      // Stopped on the way to it and started again: the same line.
      let text = try place.text("out/results.jsonl")
      var isDone = false
      while !isDone {
        var seen = 0
        isDone = try place.run(study, "again") { event in
          if case .training(_, .step) = event { seen += 1 }
          return seen >= 3
        }.isDone
      }
      #expect(try place.text("again/results.jsonl") == text)
      #expect(try place.text("out/report.html").contains("diverged in step"))
    }

    /// What led to a divergence is in the results, however the run was interrupted on the way.
    @Test func theStepsBeforeADivergenceAreKept() throws {
      let place = try StudyPlace()
      let study = try place.study(
        """
        {"wild": {"optimizer": "adamw", "lr": 1000, "weight-decay": 900, "schedule": "constant",
                  "warmup": 0, "batch-tokens": 16},
         "adamw": {"optimizer": "adamw", "lr": 0.002}}
        """, every: 500, seeds: "[1]")
      try place.run(study, "whole", checkpointEvery: 100)
      let records = try StudyDirectory(place.file("whole"), files: LocalFileSystem()).records()
      let wild = records[0].result
      #expect(wild.curvatureNorm.count == (try #require(wild.divergedStep)) - 1)
      for steps in [2, 3] {
        var (seen, isDone) = (0, false)
        while !isDone {
          isDone = try place.run(study, "out-\(steps)", checkpointEvery: 100) { event in
            guard case .training(_, .step) = event else { return false }
            seen += 1
            return seen == steps
          }.isDone
        }
        #expect(
          try place.text("out-\(steps)/results.jsonl") == place.text("whole/results.jsonl"))
      }
    }

    /// A log that lost its last line makes no divergence: the evaluation is made again.
    @Test func aLostValidationLossIsMadeAgain() throws {
      let place = try StudyPlace()
      let study = try place.study(
        "{\"adamw\": {\"optimizer\": \"adamw\", \"lr\": 0.002}}", seeds: "[1]")
      // Stopped at the last step, when that is saved and the result is not written.
      try place.run(study) { event in
        if case .training(_, .step(let report)) = event { return report.step == 11 }
        return false
      }
      let key = try #require(try keys(place).first)
      let log = "out/cells/\(key)/metrics.jsonl"
      try place.train("out/cells/\(key)")
      let lines = try place.text(log).split(separator: "\n").filter {
        !($0.contains("\"eval\"") && $0.contains("\"step\":12"))
      }
      #expect(lines.count == 15)
      try place.write(lines.joined(separator: "\n") + "\n", to: log)
      // Without its steps it would be another curve.
      try place.write(lines.dropLast(3).joined(separator: "\n") + "\n", to: log)
      let holes = line { try place.run(study) }
      #expect(
        holes.contains(
          "metrics.jsonl: events: expected 12 steps, found 9: a part of the log is lost"),
        "\(holes)")
      try place.write(lines.joined(separator: "\n") + "\n", to: log)
      #expect(try place.run(study).isDone)
      try place.run(study, "whole")
      #expect(try place.text("out/results.jsonl") == place.text("whole/results.jsonl"))
    }

    /// The same folder with other weights in it makes another cell, the same weights elsewhere don't.
    @Test func cellsAreKeyedByTheWeightsTheyBeginWith() throws {
      let place = try StudyPlace()
      let arms = """
        {"adamw": {"optimizer": "adamw", "lr": 0.002, "init-from": "FROM"}}
        """
      func key(_ from: String, _ out: String) throws -> [String] {
        try place.run(
          try place.study(arms.replacingOccurrences(of: "FROM", with: from), seeds: "[1]"), out)
        return try keys(place, out)
      }
      for seed in [1, 2] {
        try place.train(
          "weights-\(seed)",
          [
            "model": .string(place.file("m.json")), "data": .string(place.file("data")),
            "context": 16, "batch-tokens": 64, "steps": 1, "seed": .integer(seed),
          ])
      }
      let first = try key("weights-1", "a")
      try LocalFileSystem().rename(place.file("weights-1"), to: place.file("moved"))
      #expect(try key("moved", "b") == first)
      try LocalFileSystem().rename(place.file("weights-2"), to: place.file("weights-1"))
      let other = try key("weights-1", "c")
      #expect(other.count == 1 && other != first)
    }

    /// Before the first cell runs, not after it.
    @Test func weightsOfAnotherTokenizerAreRefusedAtOnce() throws {
      let place = try StudyPlace()
      try place.train(
        "weights",
        [
          "model": .string(place.file("m.json")), "stories": 20, "vocabulary": 300, "context": 16,
          "batch-tokens": 64, "steps": 1,
        ])
      let study = try place.study(
        """
        {"adamw": {"optimizer": "adamw", "lr": 0.002},
         "from": {"optimizer": "adamw", "init-from": "weights"}}
        """, seeds: "[1]")
      var began = 0
      let refused = line {
        try place.run(study) { event in
          if case .began = event { began += 1 }
          return false
        }
      }
      #expect(refused.contains("made with another tokenizer") && began == 0, "\(refused)")
      // Neither does a model that is not theirs.
      try place.train(
        "wide",
        [
          "model": .string(place.file("m.json")), "data": .string(place.file("data")),
          "context": 16, "batch-tokens": 64, "steps": 1,
        ])
      try place.write(StudyPlace.model(width: 64), to: "m.json")
      let wide = line {
        try place.run(
          try place.study("{\"adamw\": {\"optimizer\": \"adamw\", \"init-from\": \"wide\"}}"))
      }
      #expect(wide.contains("of width 64 with") && wide.contains("of width 32 with"), "\(wide)")
    }

    /// A result that an earlier version made with another default is not passed off as this one's.
    @Test func aResultOfOtherSettingsIsRefused() throws {
      let place = try StudyPlace()
      let study = try place.study(seeds: "[1]")
      var notices: [String] = []
      try place.run(study) { event in
        if case .training(_, .notice(let text)) = event { notices.append(text) }
        return false
      }
      #expect(!notices.contains { $0.contains("changes nothing") }, "\(notices)")
      let key = try #require(
        try StudyDirectory(place.file("out"), files: LocalFileSystem()).records().first?.key)
      let name = "out/cells/\(key)/result.json"
      let changed = try place.text(name).replacingOccurrences(
        of: "\"beta2\":0.95", with: "\"beta2\":0.9")
      try place.write(changed, to: name)
      let refused = line { try place.run(study) }
      #expect(
        refused.contains(name) && refused.contains("beta2: expected beta2=0.95, found beta2=0.9"))
      #expect(refused.contains("remove "), "\(refused)")
    }

    /// The results of a long study are worth more than a slip of the hand.
    @Test func anotherStudyDoesNotTakeTheDirectory() throws {
      let place = try StudyPlace()
      try place.run(try place.study(seeds: "[1]"))
      let files = ["out/results.jsonl", "out/study.json", "out/report.html"]
      let before = try files.map(place.text)
      let other = "{\"adamw\": {\"optimizer\": \"adamw\", \"lr\": 0.004}}"
      let refused = line { try place.run(try place.study(other, seeds: "[1]")) }
      #expect(
        refused.hasSuffix(
          "out/results.jsonl: cells: expected some of this study, found 4 of another: choose another "
            + "--out, or remove that file"), "\(refused)")
      #expect(try files.map(place.text) == before)
      // One that has cells in common is the same study, changed.
      let more = other.replacingOccurrences(of: "0.004", with: "[0.002, 0.004]")
      #expect(try place.run(try place.study(more, seeds: "[1]")).began == ["adamw lr=0.004 seed=1"])
    }

    /// Two values of a flag that the optimizer does not read are the same run twice.
    @Test func flagsWithoutEffectAreNamed() throws {
      let place = try StudyPlace()
      let arms = """
        {"adamw": {"optimizer": "adamw", "gamma": [0.1, 0.2], "sophia-form": "v1"},
         "sophia": {"optimizer": "sophia-g", "gamma": 0.1}}
        """
      var notices: [String] = []
      try place.run(try place.study(arms, seeds: "[1]")) { event in
        if case .notice(let text) = event { notices.append(text) }
        return true
      }
      #expect(
        notices == [
          "adamw: \"gamma\" changes nothing with --optimizer adamw",
          "adamw: \"sophia-form\" changes nothing with --optimizer adamw",
        ])
    }

    /// Steps without a refresh take 1 s, those with one 3 s in the median.
    @Test func timesAreThoseOfTypicalSteps() throws {
      let place = try StudyPlace()
      let seconds = [3.0, 1, 3, 1, 3, 1, 9]
      let lines = seconds.enumerated().map { index, seconds in
        let refresh = seconds > 1 ? ", \"curvature_sequences\": 1" : ""
        return
          "{\"event\": \"step\", \"step\": \(index + 1), \"loss\": 2, \"seconds\": \(seconds)\(refresh)}\n"
      }
      try place.write(lines.joined(), to: "metrics.jsonl")
      let metrics = try CellMetrics(path: place.file("metrics.jsonl"), files: LocalFileSystem())
      let timing = CellTiming(metrics, batchTokens: 10, machine: "m", command: "c")
      #expect(timing.tokensPerSecond == 10 && timing.seconds == 21)
      #expect(abs((timing.curvatureShare ?? 0) - 2 * 4 / 21) < 1e-12)
    }

    /// Lost times are no obstacle; a damaged result says what to do.
    @Test func damagedFilesOfFinishedCells() throws {
      let place = try StudyPlace()
      let study = try place.study(seeds: "[1]")
      try place.run(study)
      let results = try place.text("out/results.jsonl")
      let directory = StudyDirectory(place.file("out"), files: LocalFileSystem())
      let key = try #require(try directory.records().first?.key)
      try place.write("{\"seconds\": 1", to: "out/cells/\(key)/timing.json")
      #expect(try place.run(study).began == [])
      #expect(try place.text("out/results.jsonl") == results)
      #expect(try directory.timings().count == 3)
      try place.write("{\"status\": ", to: "out/cells/\(key)/result.json")
      let damaged = line { try place.run(study) }
      #expect(
        damaged.contains("\(key)/result.json, line 1, byte 11: expected")
          && damaged.hasSuffix("remove \(place.file("out/cells/\(key)")) to run the cell again"),
        "\(damaged)")
    }

    @Test func theDirectoryHasOneWriter() throws {
      let place = try StudyPlace()
      let study = try place.study(seeds: "[1]")
      let lock = CheckpointStore(directory: place.file("out"))
      try lock.lock()
      #expect(line { try place.run(study) }.contains("in use by another run"))
      lock.unlock()
    }

    /// Without data the corpus is made once, for all cells.
    @Test func theBuiltInCorpusIsMadeOnce() throws {
      let place = try StudyPlace()
      var study = try place.study(
        "{\"adamw\": {\"optimizer\": \"adamw\", \"lr\": [0.001, 0.002]}}", seeds: "[1]")
      study.data = ""
      study.settings += [JSONMember("stories", 200), JSONMember("vocabulary", 300)]
      var preparations = 0
      let run = try place.run(study) { event in
        if case .preparing = event { preparations += 1 }
        return false
      }
      #expect(run.isDone && preparations > 0)
      #expect(try keys(place).count == 2)
      for key in try keys(place) {
        #expect(!LocalFileSystem().exists(place.file("out/cells/\(key)/data")))
      }
      #expect(try place.run(study).began.isEmpty)
    }
  }
}
