import Files
import Foundation
import Testing

@testable import Comparison

extension ComparisonTests {
  /// What results come to, on numbers that are worked out by hand.
  @Suite struct Summaries {
    /// A line of `results.jsonl`, read back: 100 steps of 10 tokens.
    private func record(
      _ arm: String, lr: Double, seed: Int, curve: [(Int, Double)], diverged: Bool = false,
      more: String = "", defaults: String = "", inside: String = "[]"
    ) throws -> StudyRecord {
      let points = curve.map { "[\($0.0), \($0.1)]" }.joined(separator: ", ")
      let end =
        diverged
        ? "\"status\": \"diverged\", \"val_loss\": null, \"diverged_step\": 7"
        : "\"status\": \"finished\", \"val_loss\": \(curve.last?.1 ?? 0)"
      let text = """
        {"cell": "\(arm) lr=\(lr) seed=\(seed)", "arm": "\(arm)", "settings": {"lr": \(lr)\(more)},
         "seed": \(seed), "key": "k", \(end), "steps": 100, "batch_tokens": 10,
         "curve": [\(points)], "win_rate": \(inside), "configuration": {"lr": \(lr)\(more)\(defaults)}}
        """
      return try StudyRecord(try JSON(parsing: Array(text.utf8), name: "r"), file: "r")
    }

    private func study(finalists: [Int] = []) throws -> Study {
      let text = """
        {"model": "nano", "tokens": 1000, "seeds": [1, 2], "baseline": "a",
         "arms": {"a": {"lr": [0.1, 0.2, 0.4]}, "b": {"lr": [0.1, 0.2]}}}
        """
      var study = try Study(parsing: Array(text.utf8), file: "s.json")
      study.finalistSeeds = finalists
      return study
    }

    @Test func theRaceIsRunSeedAgainstSeed() throws {
      let records = [
        try record("a", lr: 0.2, seed: 1, curve: [(50, 5), (100, 4)]),
        try record("a", lr: 0.2, seed: 2, curve: [(50, 5), (100, 3)]),
        // 4 is reached halfway between steps 40 and 60, 3 at step 90.
        try record("b", lr: 0.1, seed: 1, curve: [(40, 4.5), (60, 3.5), (100, 3.2)]),
        try record("b", lr: 0.1, seed: 2, curve: [(40, 4.5), (80, 4), (100, 2)]),
      ]
      let summary = StudySummary(try study(), records)
      let race = try #require(summary.race(summary.arms[1]))
      #expect(race.ratios.map { $0.map { ($0 * 1000).rounded() } } == [500, 900])
      let spread = try #require(race.spread)
      #expect(abs(spread.mean - 0.7) < 1e-12 && spread.low < 0.51 && spread.high > 0.89)
      #expect(ReportWords.text(race) == "0.700 (0.50–0.90)")
      let sentence = try #require(ReportWords.verdicts(summary).first)
      #expect(
        sentence
          == "“b” reaches the final loss of “a” in 0.70 of its steps (0.50 to 0.90; seeds 1, 2), and "
          + "ends 0.900 nats a token below it (from −1.000 to −0.800).")
    }

    @Test func aLossThatIsNotReachedHasNoRatio() throws {
      var records = [
        try record("a", lr: 0.2, seed: 1, curve: [(100, 4)]),
        try record("b", lr: 0.1, seed: 1, curve: [(50, 5), (100, 4.25)]),
      ]
      let none = StudySummary(try study(), records)
      #expect(none.race(none.arms[1])?.ratios == [nil] && none.race(none.arms[1])?.spread == nil)
      #expect(
        ReportWords.verdicts(none) == [
          "“b” does not reach the final loss of “a” in this budget: it ends 0.250 nats a token above it (seed 1)."
        ])
      // A seed without its twin runs against the mean.
      records.append(try record("b", lr: 0.1, seed: 9, curve: [(50, 4), (100, 3)]))
      let some = StudySummary(try study(finalists: [9]), records)
      #expect(some.race(some.arms[1])?.ratios == [nil, 0.5])
      #expect(some.race(some.arms[1])?.spread == nil)
      // One that diverged has not reached it, and is in no mean.
      records.append(try record("b", lr: 0.1, seed: 10, curve: [(50, 3)], diverged: true))
      let fewer = StudySummary(try study(finalists: [9, 10]), records)
      let race = try #require(fewer.race(fewer.arms[1]))
      #expect(race.ratios == [nil, 0.5, nil] && race.behind == [0.25, -1])
      #expect(
        ReportWords.verdicts(fewer) == [
          "“b” reaches the final loss of “a” for 1 of 3 seeds, and on average ends 0.375 nats a token below it "
            + "(from −1.000 to +0.250).",
          "These differences are between runs of the same seed (of one that the baseline has not, to its "
            + "mean), so they are not those of the table’s means where an arm has other seeds.",
        ])
      #expect(ReportWords.text(race) == "0.500 by 1 of 3 seeds")
      // A mark would stand for the lucky seed alone.
      let drawing = try #require(ReportFigures(summary: fewer, timings: [:]).race).svg
      #expect(drawing.contains("0.500 by 1 of 3 seeds") && !drawing.contains("<title>b:"))
      #expect(
        ReportWords.warnings(fewer, [:]).contains(
          "The best setting of “b” diverged for 1 of 3 seeds, which are in no mean."))
    }

    /// Where each step has a refresh of the curvature, the time of refreshes is not called the gradient's.
    @Test func refreshesInEachStepAreNotToldApart() throws {
      let record = try record("a", lr: 0.2, seed: 1, curve: [(100, 4)], inside: "[[1, 0.5]]")
      func overhead(_ curvature: Double?) throws -> String {
        let timing: JSON = .object(
          [
            JSONMember("seconds", 10), JSONMember("tokens_per_second", 100),
            JSONMember("optimizer_share", 0.25), JSONMember("curve_seconds", [10]),
            JSONMember("machine", "m"), JSONMember("command", "c"),
          ] + (curvature.map { [JSONMember("curvature_share", .number($0))] } ?? []))
        let figures = ReportFigures(
          summary: StudySummary(try study(), [record]),
          timings: ["k": try CellTiming(timing, file: "t")])
        return try #require(figures.overhead).svg
      }
      let (known, mixed) = (try overhead(0.2), try overhead(nil))
      #expect(known.contains("a: gradient ") && known.contains("tok/s, "))
      #expect(mixed.contains("a: gradient and curvature ") && !mixed.contains("tok/s, "))
    }

    /// Rates that an arm leaves to the defaults are named, those that it says are not said twice.
    @Test(
      arguments: [
        ("", "", "lr 0.001"),
        ("\"lr\": 0.1", "", ""),
        (
          "", "\"optimizer\": \"muon\", \"lr\": 0.02, \"adamw-lr\": 0.5",
          "lr 0.02 in matrices, 0.5 else"
        ),
        (
          "\"lr\": 0.25", "\"optimizer\": \"muon\", \"lr\": 0.25, \"adamw-lr\": 0.5",
          "lr 0.25 in matrices, 0.5 else"
        ),
        (
          "\"lr\": 0.5", "\"lr\": 0.5, \"matrix-lr-ratio\": 0.25",
          "lr 0.125 in matrices, 0.5 else"
        ),
        (
          "\"lr\": 0.5, \"matrix-lr-ratio\": 0.25",
          "\"lr\": 0.5, \"matrix-lr-ratio\": 0.25", ""
        ),
        (
          "\"lr\": 0.5", "\"lr\": 0.5, \"matrix-lr-ratio\": 0.25, \"vector-lr-ratio\": 0.5",
          "lr 0.125 in matrices, 0.25 in vectors, 0.5 in embeddings"
        ),
      ])
    func ratesThatNoSettingSays(settings: String, configuration: String, rates: String) throws {
      let text = """
        {"cell": "a", "arm": "a", "settings": {\(settings)}, "seed": 1, "key": "k",
         "status": "finished", "val_loss": 3, "steps": 1, "batch_tokens": 1, "curve": [],
         "configuration": {\(configuration)}}
        """
      let record = try StudyRecord(try JSON(parsing: Array(text.utf8), name: "r"), file: "r")
      #expect(record.rates == rates)
    }

    /// A value is compared with those that were tried beside the same others, if there are any.
    @Test func rangesOfGrids() throws {
      let text = """
        {"model": "nano", "tokens": 1000, "seeds": [1], "baseline": "a", "arms": {"a": {"grids": [
          {"beta1": 0.9, "lr": [0.1, 0.2]}, {"beta1": 0.8, "lr": [0.01, 0.4]},
          {"beta1": 0.7, "lr": 0.2}]}}}
        """
      let study = try Study(parsing: Array(text.utf8), file: "s.json")
      let settings = [(0.1, 0.9), (0.2, 0.9), (0.01, 0.8), (0.4, 0.8), (0.2, 0.7)]
      func arm(best: Int) throws -> ArmSummary {
        let records = try settings.enumerated().map { index, setting in
          try record(
            "a", lr: setting.0, seed: 1, curve: [(100, index == best ? 1 : 2)],
            more: ", \"beta1\": \(setting.1)")
        }
        return StudySummary(study, records).arms[0]
      }
      // Beside lr 0.1 there is one beta1 alone, the largest of all.
      #expect(try arm(best: 0).edges == ["beta1", "lr"])
      #expect(try arm(best: 3).edges == ["lr"])
      // Of 0.7 and 0.9 beside lr 0.2, and of 0.1 and 0.2 beside 0.9.
      #expect(try arm(best: 1).edges == ["beta1", "lr"])
      let last = try arm(best: 4)
      #expect(last.edges == ["beta1"] && last.isSearched)
    }

    @Test func theBestIsChosenByTheSweepAlone() throws {
      let records = [
        try record("a", lr: 0.1, seed: 1, curve: [(100, 4)]),
        try record("a", lr: 0.2, seed: 1, curve: [(100, 3.5)]),
        try record("a", lr: 0.4, seed: 1, curve: [(100, 1)], diverged: false),
        try record("a", lr: 0.1, seed: 2, curve: [(100, 4)]),
        try record("a", lr: 0.2, seed: 2, curve: [(100, 4.25)]),
        try record("a", lr: 0.4, seed: 2, curve: [], diverged: true),
        // A seed of finalists does not choose, not even by diverging.
        try record("a", lr: 0.2, seed: 9, curve: [(100, 99)]),
        try record("a", lr: 0.2, seed: 10, curve: [], diverged: true),
      ]
      let arm = StudySummary(try study(finalists: [9, 10]), records).arms[0]
      #expect(arm.best?.text == "lr=0.2" && arm.best?.records.count == 4 && arm.edges.isEmpty)
      #expect(arm.isSearched && arm.groups.map(\.diverges) == [false, true, true])
      let pair = StudySummary(try study(), Array(records.filter { $0.seed == 1 }.prefix(2)))
      #expect(pair.arms[0].best?.loss?.mean == 3.5 && pair.arms[1].best == nil)
      // The smallest of those that were tried.
      let edge = StudySummary(try study(), [records[0]])
      #expect(edge.arms[0].edges.isEmpty && !edge.arms[0].isComplete)
      #expect(ReportWords.warnings(edge, [:]).first == "Not all settings have run yet: a.")
      let higher = try [0.2, 0.4].map { try record("a", lr: $0, seed: 1, curve: [(100, 5)]) }
      let low = StudySummary(try study(), [records[0]] + higher)
      #expect(low.arms[0].edges == ["lr"])
      #expect(
        ReportWords.warnings(low, [:]).first?.contains("edge of what was tried for lr") == true)
    }

    /// A grid that does not name a key has its default.
    @Test func aDefaultIsAValueThatWasTried() throws {
      let text = """
        {"model": "nano", "tokens": 1000, "seeds": [1], "baseline": "a", "arms": {"a": {"grids": [
          {"lr": [0.1, 0.2, 0.4]}, {"lr": 0.2, "beta1": 0.8}]}}}
        """
      let study = try Study(parsing: Array(text.utf8), file: "s.json")
      func arm(best: Int) throws -> ArmSummary {
        let records = try [(0.1, 0.9), (0.2, 0.9), (0.4, 0.9), (0.2, 0.8)].enumerated().map {
          let (index, (lr, beta1)) = $0
          return try record(
            "a", lr: lr, seed: 1, curve: [(100, index == best ? 1 : 2)],
            more: beta1 == 0.8 ? ", \"beta1\": 0.8" : "",
            defaults: beta1 == 0.8 ? "" : ", \"beta1\": \(beta1)")
        }
        return StudySummary(study, records).arms[0]
      }
      #expect(try arm(best: 3).edges.contains("beta1"))
      #expect(try arm(best: 1).edges == ["beta1"])
    }

    /// 100 steps of 10 tokens at 100 tokens a second, and of the 30 s that they took a tenth in refreshes.
    @Test func tokensASecondPayForTheRefreshes() throws {
      let result = try record("a", lr: 0.1, seed: 1, curve: [(100, 4)]).result
      let timing = try CellTiming(
        JSON(
          parsing: Array(
            """
            {"seconds": 30, "tokens_per_second": 100, "curvature_share": 0.1, "curve_seconds": [],
             "machine": "m", "command": "c"}
            """.utf8), name: "t"), file: "t")
      // For 1,000 tokens 10 s of plain steps and 3 s of refreshes.
      let seconds = try #require(timing.secondsPerMillion(result))
      #expect(abs(seconds.plain - 10_000) < 1e-6 && abs(seconds.refreshes - 3000) < 1e-6)
      #expect(abs((timing.typicalTokensPerSecond(result) ?? 0) - 1000 / 13) < 1e-9)
    }

    /// What is far above is in no axis.
    @Test func anArmFarAboveLeavesTheOthersTheirAxis() throws {
      let records = try [("a", 0.2, 3.0), ("a", 0.1, 3.2), ("b", 0.1, 50_000)].map {
        try record($0.0, lr: $0.1, seed: 1, curve: [(50, $0.2 + 1), (100, $0.2)])
      }
      let figures = ReportFigures(summary: StudySummary(try study(), records), timings: [:])
      #expect(figures.ordinary.map(\.arm.name) == ["a"])
      for figure in [figures.finalLoss, figures.overTokens] {
        #expect(!figure.svg.contains(">20000</text>") && !figure.svg.contains(">40000</text>"))
      }
      #expect(figures.finalLoss.svg.contains("50000.0000"))
      let rates = try #require(figures.overLearningRate)
      #expect(rates.svg.contains("cross") && !rates.svg.contains(">40000</text>"))
    }

    /// The sign of the best setting is on its arm's line, though one with fewer seeds lies below it.
    @Test func theChosenSettingIsOnTheLine() throws {
      let text = """
        {"model": "nano", "tokens": 1000, "seeds": [1], "finalist-seeds": [2], "baseline": "a",
         "arms": {"a": {"lr": [0.1, 0.2], "beta1": [0.8, 0.9]}}}
        """
      let study = try Study(parsing: Array(text.utf8), file: "s.json")
      let records = try [
        (0.1, 0.8, 1, 4.0), (0.2, 0.8, 1, 3.0), (0.2, 0.9, 1, 3.1), (0.2, 0.8, 2, 3.6),
      ]
      .map {
        try record(
          "a", lr: $0.0, seed: $0.2, curve: [(100, $0.3)], more: ", \"beta1\": \($0.1)")
      }
      let figures = ReportFigures(summary: StudySummary(study, records), timings: [:])
      let svg = try #require(figures.overLearningRate?.svg)
      let faint = svg.components(separatedBy: "\n").filter { $0.contains("faint") }
      #expect(faint.count == 1 && faint.first?.contains("beta1=0.9") == true, "\(faint)")
    }

    @Test func spreads() throws {
      let spread = try #require(Spread([1, 2, 6]))
      #expect(spread.mean == 3 && spread.low == 1 && spread.high == 6)
      #expect(abs((spread.deviation ?? 0) - 7.0.squareRoot()) < 1e-12)
      #expect(Spread([4])?.deviation == nil && Spread([]) == nil)
      #expect(ReportWords.text(Spread([4])) == "4.0000")
      #expect(ReportWords.text(spread) == "3.0000 (1.0000–6.0000)")
    }
  }
}
