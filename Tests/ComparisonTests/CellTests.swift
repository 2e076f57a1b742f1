import Files
import Foundation
import Machine
import Testing

@testable import Comparison

extension ComparisonTests {
  /// Names, order and keys of cells.
  @Suite struct Cells {
    private func plan(_ place: StudyPlace, _ study: Study) throws -> StudyPlan {
      try StudyPlan(
        study, out: place.file("out"), files: LocalFileSystem(), on: ThreadTeam(count: 1)
      ) { _ in }
    }

    private func keys(_ place: StudyPlace, _ study: Study) throws -> [String] {
      try plan(place, study).sweep().map(\.key)
    }

    @Test func theOrderIsSeedArmAndLastKeyFastest() throws {
      let place = try StudyPlace()
      let study = try place.study(
        """
        {"adamw": {"optimizer": "adamw", "lr": [0.002, 0.02], "beta1": [0.9, 0.8]},
         "sophia": {"optimizer": "sophia-g", "seeds": [5], "tokens": 384, "gamma": 0.5}}
        """)
      let cells = try plan(place, study).sweep()
      let grid = [
        "lr=0.002 beta1=0.9", "lr=0.002 beta1=0.8", "lr=0.02 beta1=0.9", "lr=0.02 beta1=0.8",
      ]
      #expect(
        cells.map(\.name) == grid.map { "adamw \($0) seed=1" } + ["sophia seed=5"]
          + grid.map { "adamw \($0) seed=2" })
      #expect(cells.map(\.configuration.steps) == [12, 12, 12, 12, 6, 12, 12, 12, 12])
      #expect(cells[4].configuration.gamma == 0.5 && cells[4].configuration.seed == 5)
      #expect(cells[3].configuration.lr == 0.02 && cells[3].configuration.beta1 == 0.8)
      #expect(cells.allSatisfy { $0.configuration.warmup == 2 && $0.evalEvery == 3 })
      #expect(Set(cells.map(\.key)).count == cells.count)
      #expect(cells[0].key.count == 16)
    }

    /// What an arm says wins over what all share.
    @Test func theArmWinsOverTheSettings() throws {
      let place = try StudyPlace()
      let study = try place.study("{\"adamw\": {\"optimizer\": \"adamw\", \"warmup\": [3, 4]}}")
      #expect(try plan(place, study).sweep().map(\.configuration.warmup) == [3, 4, 3, 4])
    }

    @Test(arguments: [(1, 1), (40, 1), (41, 2), (80, 2), (1220, 31)])
    func thereAreAtMost40Evaluations(steps: Int, every: Int) throws {
      let place = try StudyPlace()
      var study = try place.study("{\"adamw\": {\"optimizer\": \"adamw\", \"warmup\": 0}}")
      (study.evalEvery, study.tokens) = (nil, steps * 64)
      #expect(try plan(place, study).sweep().map(\.evalEvery) == [every, every])
    }

    @Test func finalistsAreTheBestSettingsWithOtherSeeds() throws {
      let place = try StudyPlace()
      let study = try place.study(more: "\"finalist-seeds\": [2, 7],", seeds: "[1, 2]")
      let best = ["adamw": [JSONMember("lr", 0.02)]]
      let cells = try plan(place, study).finalists { best[$0] }
      #expect(cells.map(\.name) == ["adamw lr=0.02 seed=7"])
    }

    /// The key follows what a cell computes: not arms beside it, names, paths or new places.
    @Test func aKeyIsWhatTheCellComputes() throws {
      let place = try StudyPlace()
      let before = try keys(place, place.study())
      let more = StudyPlace.arms.dropLast() + ", \"third\": {\"optimizer\": \"lion\"}}"
      let after = try keys(place, place.study(String(more)))
      #expect(after.count == before.count + 2 && Set(before).isSubset(of: after))
      let renamed = try place.study(
        StudyPlace.arms.replacingOccurrences(of: "\"sophia\"", with: "\"other\""))
      #expect(try keys(place, renamed) == before)
      // The same model and tokens elsewhere.
      try LocalFileSystem().rename(place.file("data"), to: place.file("moved"))
      try place.write(try place.text("m.json"), to: "n.json")
      var moved = try place.study()
      (moved.data, moved.model) = ("moved", "n.json")
      #expect(try keys(place, moved) == before)
    }

    /// Another model or other tokens under the old name, another interval: another cell.
    @Test func aKeyTellsOtherInputsApart() throws {
      let place = try StudyPlace()
      var study = try place.study()
      let before = try keys(place, study)
      func expectOthers() throws {
        let now = try keys(place, study)
        #expect(now.count == before.count && Set(now).isDisjoint(with: before))
      }
      study.evalEvery = 4
      try expectOthers()
      (study.evalEvery, study.evalTokens) = (3, 300)
      try expectOthers()
      (study.evalTokens, study.tokens) = (200, 832)
      try expectOthers()
      study.tokens = 768
      #expect(try keys(place, study) == before)
      try place.write(StudyPlace.model(width: 48), to: "m.json")
      try expectOthers()
      try place.write(StudyPlace.model(), to: "m.json")
      try place.build(stories: 41)
      try expectOthers()
    }
  }
}
