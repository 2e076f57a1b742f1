import Files
import Glibc
import Testing

extension PipelineTests {
  /// Runs that are ended by a signal, and resumed.
  @Suite struct Signals {
    /// Killed at twenty random moments, each time resumed with another number of threads and another
    /// micro-batch; whenever a run gets to its end, it ends with the bits of the run that was let alone.
    @Test func killedTwentyTimesAndResumedGivesTheSameBits() throws {
      let place = try Workplace()
      try place.makeData()
      let steps = ["--steps", "120"]
      try #require(try place.program.run(Workplace.train("whole", steps)).code == 0)
      let whole = try place.bits("whole", step: 120)
      var (kills, lives, finished) = (0, 0, 0)
      while kills < 20 || finished == 0 {
        lives += 1
        try #require(lives < 200, "\(kills) kills in \(lives) lives")
        var arguments = Workplace.train("run-\(finished)", steps)
        arguments += ["--resume", "--threads", "\(1 + lives % 3)"]
        arguments += ["--micro-batch", "\(1 << (lives % 3))"]
        let process = try place.program.start(arguments)
        // Starting takes some 50 ms, a checkpoint every few.
        if kills < 20 {
          usleep(UInt32.random(in: 20_000...400_000))
          process.send(SIGKILL)
        }
        let end = try process.wait()
        if end.signal == SIGKILL {
          kills += 1
          continue
        }
        try #require(end.code == 0, "\(end.errors)")
        #expect(try place.bits("run-\(finished)", step: 120) == whole)
        try LocalFileSystem().removeTree(place.file("run-\(finished)"))
        finished += 1
      }
    }

    /// The step is finished and saved, the exit code is the shell's, and nothing is lost.
    @Test func aSignalSavesAndExits() throws {
      let place = try Workplace()
      try place.makeData()
      let long = ["--steps", "400", "--checkpoint-every", "0", "--threads", "1"]
      try #require(try place.program.run(Workplace.train("whole", long)).code == 0)
      for signal in [SIGINT, SIGTERM, SIGHUP] {
        let out = "run-\(signal)"
        let process = try place.program.start(Workplace.train(out, long))
        try waitForStep(process)
        process.send(signal)
        let end = try process.wait()
        #expect(end.code == 128 + signal && end.signal == nil)
        let last = try #require(end.errorLines.last)
        #expect(last.hasPrefix("interrupted: saved at step "), "\(end.errors)")
        #expect(last.hasSuffix("--resume --out \(out)"), "\(last)")
        let rest = try place.program.run(Workplace.train(out, long + ["--resume"]))
        #expect(rest.code == 0, "\(rest.errors)")
        #expect(try place.bits(out, step: 400) == place.bits("whole", step: 400))
        let log = try String(decoding: place.read("\(out)/metrics.jsonl"), as: UTF8.self)
        #expect(log.split(separator: "\n").count == 401)
      }
    }

    /// `nohup` and the background jobs of scripts start a program with signals ignored.
    @Test func aSignalThatWasIgnoredStaysIgnored() throws {
      let place = try Workplace()
      try place.makeData()
      let words =
        [try Program.path()]
        + Workplace.train("run", ["--steps", "400", "--checkpoint-every", "0", "--threads", "1"])
      let process = try place.program.start(
        ["-c", "trap '' HUP INT; exec \"$@\"", "sh"] + words, program: "/bin/sh")
      try waitForStep(process)
      process.send(SIGHUP)
      process.send(SIGINT)
      let end = try process.wait()
      #expect(end.code == 0, "\(end.errors)")
      #expect(end.errorLines.last?.hasPrefix("done: run (step 400 of 400)") == true)
    }

    /// Waits until the first progress line.
    private func waitForStep(_ process: Program.Running) throws {
      for _ in 0..<2000 {
        let text = try LocalFileSystem().readBytes(process.errors, limit: 1 << 20)
        if String(decoding: text, as: UTF8.self).contains("step 1/") { return }
        usleep(5000)
      }
      Issue.record("no step within ten seconds")
    }
  }
}
