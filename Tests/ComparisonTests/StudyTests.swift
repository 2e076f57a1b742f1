import Files
import Foundation
import Testing

@testable import Comparison

extension ComparisonTests {
  /// The study file.
  @Suite struct StudyFiles {
    private func read(_ change: String, _ to: String) throws -> Study {
      let text = """
        {"model": "nano", "tokens": 4096, "seeds": [1], "baseline": "a", "settings": {"warmup": 1},
         "arms": {"a": {"optimizer": "adamw", "lr": [0.1, 0.2]}, "b": {"lr": 0.3}}}
        """
      let at = try #require(text.range(of: change), "\(change)")
      return try Study(
        parsing: Array(text.replacingCharacters(in: at, with: to).utf8), file: "s.json")
    }

    @Test func holdsWhatTheFileSays() throws {
      let study = try read("\"seeds\": [1]", "\"seeds\": [3, 1], \"finalist-seeds\": [7, 1]")
      #expect(study.title == "Comparison: nano" && study.seeds == [3, 1] && study.tokens == 4096)
      #expect(study.arms.map(\.name) == ["a", "b"] && study.evalTokens == 65_536)
      #expect(
        study.arms[0].choices == [
          [JSONMember("optimizer", "adamw"), JSONMember("lr", 0.1)],
          [JSONMember("optimizer", "adamw"), JSONMember("lr", 0.2)],
        ])
      #expect(try read("4096", "4.096e3").tokens == 4096)
      // Three settings with two seeds, and seed 7 for each arm's best.
      #expect(study.cellCount == 3 * 2 + 2)
    }

    /// The arm's own values where a grid has none; what two grids have in common is there once.
    @Test func anArmIsTheUnionOfItsGrids() throws {
      let study = try read(
        "{\"lr\": 0.3}",
        """
        {"optimizer": "lion", "lr": 0.3, "grids": [
          {"lr": [0.1, 0.2], "beta1": 0.9}, {"beta1": 0.9, "lr": 0.2}, {"lr": 0.4, "beta2": 0.5},
          {"beta2": 0.5}]}
        """)
      let arm = study.arms[1]
      let lion = JSONMember("optimizer", "lion")
      let settings = [
        [JSONMember("lr", 0.1), JSONMember("beta1", 0.9)],
        [JSONMember("lr", 0.2), JSONMember("beta1", 0.9)],
        [JSONMember("lr", 0.4), JSONMember("beta2", 0.5)],
        [JSONMember("lr", 0.3), JSONMember("beta2", 0.5)],
      ]
      #expect(arm.choices == settings.map { [lion] + $0 })
      // The optimizer is the same in all.
      #expect(arm.choices.map(arm.settings) == settings)
      #expect(arm.varying.map(\.key) == ["lr", "beta1", "beta2"])
      #expect(arm.varying[0].values == [0.1, 0.2, 0.4, 0.3])
      #expect(study.cellCount == 2 + 4)
    }

    @Test(arguments: [
      (
        "\"lr\": 0.3", "\"grids\": 3", "s.json: arms: b: grids: expected a list of objects, found 3"
      ),
      (
        "\"lr\": 0.3", "\"grids\": []",
        "s.json: arms: b: grids: expected a list of objects, found []"
      ),
      (
        "\"lr\": 0.3", "\"grids\": [{}, 3]",
        "s.json: arms: b: grids: 2: expected an object, found"
      ),
      (
        "\"lr\": 0.3", "\"grids\": [{\"seeds\": [1]}]",
        "s.json: arms: b: grids: 1: seeds: expected keys of train; an arm's seeds stand beside"
      ),
      (
        "\"lr\": 0.3", "\"grids\": [{\"grids\": []}]",
        "s.json: arms: b: grids: 1: grids: expected keys of train; an arm's grids stand beside"
      ),
      ("\"b\"", "\"\"", "s.json: arms: expected names of arms, found an empty one"),
      (
        "\"lr\": 0.3", "\"grids\": [{\"lrr\": 1}]",
        "s.json: arms: b: grids: 1: unknown key \"lrr\"; did you mean \"lr\"?"
      ),
      ("\"tokens\"", "\"tokenz\"", "s.json: unknown key \"tokenz\"; did you mean \"tokens\"?"),
      ("\"lr\": 0.3", "\"lrr\": 0.3", "s.json: arms: b: unknown key \"lrr\"; did you mean \"lr\"?"),
      (
        "\"lr\": 0.3", "\"seedz\": 3",
        "s.json: arms: b: unknown key \"seedz\"; did you mean \"seeds\"?"
      ),
      (
        "\"warmup\"", "\"warmpu\"",
        "s.json: settings: unknown key \"warmpu\"; did you mean \"warmup\"?"
      ),
      (
        "\"lr\": 0.3", "\"steps\": 3",
        "s.json: arms: b: \"steps\" does not belong here: steps are the study's \"tokens\" over"
      ),
      (
        "\"lr\": 0.3", "\"seed\": 3",
        "s.json: arms: b: \"seed\" does not belong here: name \"seeds\""
      ),
      ("\"warmup\": 1", "\"model\": \"tiny\"", "s.json: settings: \"model\" does not belong here"),
      (
        "\"lr\": 0.3", "\"vocabulary\": 300", "s.json: arms: b: \"vocabulary\" does not belong here"
      ),
      (
        "[0.1, 0.2]", "[0.1, \"x\"]",
        "s.json: arms: a: lr: expected a number in 0.0...1000.0, found \"x\""
      ),
      ("[0.1, 0.2]", "[]", "s.json: arms: a: lr: expected at least one value, found none"),
      (
        "[0.1, 0.2]", "[0.1, 0.1]",
        "s.json: arms: a: lr: expected different values, found 0.1 twice"
      ),
      ("\"warmup\": 1", "\"warmup\": [1]", "s.json: settings: warmup: expected an integer in 0..."),
      ("4096", "0", "s.json: tokens: expected an integer in 1..."),
      ("4096", "4096.5", "s.json: tokens: expected an integer in 1..."),
      (
        "[1]", "[1, 1]",
        "s.json: seeds: expected a list of different integers of at least 0, found [1,1]"
      ),
      ("[1]", "[-1]", "s.json: seeds: expected a list of different"),
      ("[1]", "[]", "s.json: seeds: expected a list of different"),
      ("[1]", "1", "s.json: seeds: expected a list of different"),
      ("\"seeds\": [1], ", "", "s.json: seeds: expected a list of seeds, found nothing"),
      (
        "\"baseline\": \"a\"", "\"baseline\": \"c\"",
        "s.json: baseline: expected the name of an arm (did you mean \"a\"?), found c"
      ),
      (
        "\"settings\": {\"warmup\": 1}", "\"settings\": {\"eval-every\": 1}",
        "s.json: settings: \"eval-every\" does not belong here: it is the same for all; name it at the top"
      ),
      ("{\"lr\": 0.3}", "[]", "s.json: arms: b: expected an object, found an array"),
      ("\"nano\"", "3", "s.json: model: expected a string, found the integer 3"),
      ("\"nano\",", "\"nano\", \"model\": \"tiny\",", "s.json, line 1"),
    ])
    func aMistakeNamesFilePlaceExpectedAndFound(from: String, to: String, expected: String) {
      let found = line { _ = try read(from, to) }
      #expect(found.hasPrefix(expected) && !found.contains("\n"), "\(found)")
    }

    /// What only model and data can tell, before anything is trained.
    @Test(arguments: [
      ("\"m.json\"", "\"tinny\"", "study.json: model: --model tinny: neither a file nor a preset"),
      ("\"data\": \"data\"", "\"data\": \"dta\"", "study.json: data: "),
      (
        "\"warmup\": 2", "\"warmup\": 13",
        "study.json: adamw optimizer=adamw lr=0.002: --warmup 13 is more"
      ),
      (
        "\"warmup\": 2", "\"context\": 128, \"batch-tokens\": 128",
        "lr=0.002: --context 128 is more than the model's n_positions 64"
      ),
      (
        "\"warmup\": 2", "\"batch-tokens\": 1024",
        "expected batch-tokens of at most the budget 768, found 1024"
      ),
      (
        "[0.05, 0.5]", "[0.05, 0]",
        "study.json: sophia optimizer=sophia-g lr=0.002 gamma=0: --gamma 0.0"
      ),
    ])
    func theLastCellsMistakeIsFoundFirst(from: String, to: String, expected: String) throws {
      let place = try StudyPlace()
      _ = try place.study()
      let text = try place.text("study.json")
      let at = try #require(text.range(of: from))
      try place.write(text.replacingCharacters(in: at, with: to), to: "study.json")
      let found = line { try place.run(try Study(file: place.file("study.json"))) }
      #expect(found.contains(expected) && !found.contains("\n"), "\(found)")
      #expect(!LocalFileSystem().exists(place.file("out/cells")))
    }
  }
}
