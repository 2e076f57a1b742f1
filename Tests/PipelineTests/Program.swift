import Files
import Glibc
import Testing

/// All of this folder, one test at a time: each starts the program.
@Suite(.serialized) enum PipelineTests {}

/// The program as a user calls it: `sophia-rt` beside the test bundle.
struct Program {
  /// Where the processes run, and where their output goes.
  let directory: String

  /// What a process left.
  struct Result {
    /// Its exit code; nil if a signal ended it.
    let code: Int32?
    let signal: Int32?
    let output: String
    let errors: String

    /// The lines on standard error.
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
  }

  /// A process under way.
  struct Running {
    let pid: pid_t
    let output: String
    let errors: String

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Whether the process handles a signal by now (`SigCgt` in proc(5)).
    func catches(_ signal: Int32) throws -> Bool {
      let status = try Self.text("/proc/\(pid)/status")
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
      let mask = line.flatMap { UInt64($0.dropFirst(8), radix: 16) } ?? 0
      return mask >> UInt64(signal - 1) & 1 == 1
    }

    /// Waits for its end.
    func wait() throws -> Result {
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0 { try #require(errno == EINTR) }
      let signal = status & 0x7F
      return Result(
        code: signal == 0 ? (status >> 8) & 0xFF : nil, signal: signal == 0 ? nil : signal,
        output: try Self.text(output), errors: try Self.text(errors))
    }

    private static func text(_ path: String) throws -> String {
      String(decoding: try LocalFileSystem().readBytes(path, limit: 1 << 26), as: UTF8.self)
    }
  }

  /// The path of the program.
  static func path() throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    try #require(count > 0)
    let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = parentDirectory(of: own) + "/sophia-rt"
    try #require(LocalFileSystem().exists(path), "\(path) is not built")
    return path
  }

  /// Runs to the end. - input: standard input, a pipe; nil: /dev/null.
  func run(_ arguments: [String], input: String? = nil) throws -> Result {
    try start(arguments, input: input).wait()
  }

  /// Starts `program` (by default ours) without waiting for it.
  /// - terminals: descriptors (1, 2) that are opened at these paths instead of being collected.
  func start(
    _ arguments: [String], input: String? = nil, program: String? = nil,
    terminals: [Int32: String] = [:]
  ) throws -> Running {
    let (output, errors) = ("\(directory)/stdout", "\(directory)/stderr")
    for path in [output, errors] { try LocalFileSystem().writeAtomically([], to: path) }
    let pipe = try input.map(Self.pipe(holding:))
    defer { if let pipe { close(pipe) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let pipe {
      posix_spawn_file_actions_adddup2(&actions, pipe, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    for (descriptor, path) in [(Int32(1), output), (2, errors)] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, terminals[descriptor] ?? path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    Self.resetSignals(&attributes)
    // posix_spawn cannot change the directory; env can, and becomes the program.
    let env = "/usr/bin/env"
    let command = [env, "-C", directory, try program ?? Self.path()] + arguments
    var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let failure = posix_spawn(&pid, env, &actions, &attributes, &words, environ)
    try #require(failure == 0, "\(env): \(String(cString: strerror(failure)))")
    return Running(pid: pid, output: output, errors: errors)
  }

  /// The reading end of a pipe that holds a text, short enough that nobody waits.
  private static func pipe(holding text: String) throws -> Int32 {
    var ends: [Int32] = [-1, -1]
    try #require(Glibc.pipe(&ends) == 0)
    _ = Array(text.utf8).withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
    close(ends[1])
    return ends[0]
  }

  /// A test's worker thread blocks all signals, which the process would inherit.
  private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  }
}
