import Files
import Glibc
import Testing

extension PipelineTests {
  /// Whom the team's binding concerns.
  @Suite struct BoundThreads {
    /// The CPUs that a thread may run on: by its number its name, or the process' first one.
    private func cpus(_ pid: pid_t, _ thread: String) throws -> String {
      let status = try LocalFileSystem().readBytes(
        "/proc/\(pid)/task/\(thread)/status", limit: 1 << 16)
      let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first {
        $0.hasPrefix("Cpus_allowed_list:")
      }
      return String(try #require(line).split(separator: "\t").last ?? "")
    }

    /// The first thread may run wherever the program may, so that threads that it makes may too; the
    /// team has a CPU each.
    private func check(_ process: Program.Running) throws {
      let all = try cpus(getpid(), "\(getpid())")
      #expect(try cpus(process.pid, "\(process.pid)") == all)
      let threads = try LocalFileSystem().list("/proc/\(process.pid)/task")
      let bound = try threads.filter { $0 != "\(process.pid)" }.map { try cpus(process.pid, $0) }
      #expect(bound.count >= 1)
      if all.contains("-") || all.contains(",") {
        #expect(bound.contains { Int($0) != nil }, "\(bound)")
      }
    }

    @Test func trainingLeavesTheFirstThreadUnbound() throws {
      let place = try Workplace()
      try place.makeData()
      let process = try place.program.start(
        Workplace.train("run", ["--steps", "100000", "--checkpoint-every", "0"]))
      defer { process.send(SIGKILL) }
      for _ in 0..<4000 {
        let log = try? place.read("run/metrics.jsonl")
        if log?.isEmpty == false { break }
        usleep(5000)
      }
      try check(process)
      process.send(SIGKILL)
      _ = try process.wait()
    }

    @Test func generatingLeavesTheFirstThreadUnbound() throws {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run", ["--steps", "2"])).code == 0)
      try #require(mkfifo(place.file("lines"), 0o600) == 0)
      let process = try place.program.start(
        [
          "-c", "exec \"$@\" <lines", "sh", try Program.path(), "generate", "--checkpoint", "run",
          "--interactive", "--max-tokens", "5",
        ], program: "/bin/sh")
      defer { process.send(SIGKILL) }
      let lines = open(place.file("lines"), O_WRONLY)
      try #require(lines >= 0)
      _ = Array("Once\n".utf8).withUnsafeBytes { write(lines, $0.baseAddress, $0.count) }
      for _ in 0..<4000 {
        if try LocalFileSystem().readBytes(process.output, limit: 1 << 20).count > 4 { break }
        usleep(5000)
      }
      try check(process)
      close(lines)
      #expect(try process.wait().code == 0)
    }
  }
}
