import Files
import Foundation
import Glibc
import Testing

extension PipelineTests {
  /// `compare` as a user calls it.
  @Suite struct Comparing {
    private static let arguments = [
      "compare", "study.json", "--out", "out", "--checkpoint-every", "2",
    ]

    private func place(tokens: Int = 3840) throws -> Workplace {
      let place = try Workplace()
      try place.makeData()
      try place.write(
        """
        {"title": "A study of tests", "model": "m.json", "data": "data", "tokens": \(tokens),
         "seeds": [1], "finalist-seeds": [2, 3], "baseline": "adamw", "eval-tokens": 200,
         "settings": {"context": 16, "batch-tokens": 64, "curvature-interval": 4},
         "arms": {
           "adamw": {"optimizer": "adamw", "lr": [0.002, 0.005, 0.01]},
           "sophia-g": {"optimizer": "sophia-g", "lr": [0.001, 0.002, 0.004], "gamma": [0.05, 0.5]},
           "muon": {"optimizer": "muon", "lr": [0.01, 0.02]},
           "wild": {"optimizer": "adamw", "lr": [0.002, 1000], "weight-decay": 900, "warmup": 0,
                    "schedule": "constant", "min-lr-ratio": 1}
         }}
        """, to: "study.json")
      return place
    }

    /// Killed at random moments, in the middle of cells and between them, each time started again with
    /// other threads: the same `results.jsonl`.
    @Test func killedAndStartedAgainGivesTheSameResults() throws {
      let place = try place()
      try #require(
        try place.program.run(["compare", "study.json", "--out", "whole"]).code == 0)
      let whole = try place.read("whole/results.jsonl")
      #expect(whole.split(separator: 0x0A).count == 13 + 4 * 2)
      var (kills, lives, inCells) = (0, 0, 0)
      while true {
        lives += 1
        try #require(lives < 200, "\(kills) kills in \(lives) lives")
        let process = try place.program.start(
          Self.arguments + ["--threads", "\(1 + lives % 3)"])
        if kills < 12 {
          usleep(UInt32.random(in: 50_000...500_000))
          process.send(SIGKILL)
        }
        let end = try process.wait()
        if end.errors.contains("going on after step") { inCells += 1 }
        if end.signal == SIGKILL {
          kills += 1
          continue
        }
        try #require(end.code == 0, "\(end.errors)")
        #expect(end.errorLines.last == "done: out/report.html")
        break
      }
      #expect(inCells > 0, "no life went on within a cell")
      #expect(try place.read("out/results.jsonl") == whole)
      let again = try place.succeed("compare", "study.json", "--out", "out")
      #expect(again.errors.contains("21 cells, 21 finished already"), "\(again.errors)")
      #expect(!again.errors.contains("step "), "\(again.errors)")
      #expect(try place.read("out/results.jsonl") == whole)
    }

    /// A signal saves the cell; the same command goes on.
    @Test func aSignalSavesAndExits() throws {
      let place = try place(tokens: 64 * 2000)
      let process = try place.program.start(["compare", "study.json", "--out", "out"])
      for _ in 0..<2000 {
        let text = try LocalFileSystem().readBytes(process.errors, limit: 1 << 20)
        if String(decoding: text, as: UTF8.self).contains("step 1/") { break }
        usleep(5000)
      }
      process.send(SIGINT)
      let end = try process.wait()
      #expect(end.code == 128 + SIGINT)
      #expect(end.errorLines.last == "interrupted: saved; the same command goes on")
      let next = try place.program.start(["compare", "study.json", "--out", "out"])
      usleep(500_000)
      next.send(SIGTERM)
      #expect(try next.wait().errors.contains("going on after step"))
    }

    @Test(arguments: [
      ([], "Missing expected argument: a study file and --out DIR, or --report DIR"),
      (["study.json"], "Missing expected argument: a study file and --out DIR, or --report DIR"),
      (["study.json", "--report", "x"], "omit the study file and --out"),
      (["none.json", "--out", "x"], "none.json: cannot open: No such file or directory"),
      (["--report", "x"], "x/study.json: cannot open: No such file or directory"),
      (["study.json", "--out", "x", "--checkpoint-every", "0"], "expected at least 1"),
      (["study.json", "--ouT", "x"], "Did you mean '--out'?"),
    ])
    func aMistakeIsOneLine(arguments: [String], expected: String) throws {
      let line = try place().fail(["compare"] + arguments)
      #expect(line.contains(expected), "\(line)")
    }

    /// The study that `--help` shows is one.
    @Test func theHelpTeachesAStudyThatRuns() throws {
      let place = try place()
      let help = try place.succeed("compare", "--help").output
      let begin = try #require(help.range(of: "\n  {\n"))
      let end = try #require(help.range(of: "\n  }\n"))
      let study = help[begin.lowerBound..<end.upperBound].replacingOccurrences(
        of: "2000000", with: "2048")
      try place.write(study, to: "help.json")
      let process = try place.program.start(["compare", "help.json", "--out", "out"])
      for _ in 0..<6000 {
        let text = try LocalFileSystem().readBytes(process.errors, limit: 1 << 20)
        let said = String(decoding: text, as: UTF8.self)
        if said.contains("step 1/1 ") || said.contains("Error: ") { break }
        usleep(10_000)
      }
      process.send(SIGINT)
      let ended = try process.wait()
      #expect(ended.errors.contains("11 cells, 0 finished already"), "\(ended.errors)")
      #expect(ended.errors.contains("cell 1/11 adamw lr=0.001 seed=1"), "\(ended.errors)")
    }

    /// The report in a browser: no errors, nothing fetched, drawn in light and in dark.
    @Test(
      .enabled(
        if: Browser.path != nil,
        "needs Chromium (apt-get install chromium) in /usr/bin/chromium"))
    func theReportOpensInABrowser() throws {
      let place = try place(tokens: 64 * 12)
      try place.succeed("compare", "study.json", "--out", "out")
      let light = try Browser.open("out/report.html", in: place, dark: false)
      let dark = try Browser.open("out/report.html", in: place, dark: true)
      for shot in [light, dark] {
        #expect(shot.messages == [] && shot.requests == [], "\(shot.messages) \(shot.requests)")
        #expect(shot.pixels.count > 20_000)
      }
      #expect(light.pixels != dark.pixels)
      // The browser would have told: a page that reaches out and complains.
      try place.write(
        "<html><body><img src=\"https://example.org/a.png\"/><script>foo()</script></body></html>",
        to: "bad.html")
      let bad = try Browser.open("bad.html", in: place, dark: false)
      #expect(!bad.messages.isEmpty && bad.requests.contains { $0.contains("example.org") })
    }
  }
}
