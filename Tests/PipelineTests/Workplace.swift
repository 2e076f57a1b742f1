import Files
import TemporaryDirectories
import Testing

/// A directory in which the program runs, with a model of some 40,000 parameters in `m.json`.
final class Workplace {
  private let directory: TemporaryDirectory
  var path: String { directory.path }
  let program: Program
  private let disk = LocalFileSystem()

  init() throws {
    directory = try TemporaryDirectory()
    program = Program(directory: directory.path)
    try write(
      "{\"model_type\":\"gpt2\",\"n_embd\":32,\"n_layer\":2,\"n_head\":2,\"n_positions\":64}",
      to: "m.json")
  }

  func file(_ name: String) -> String { directory(name) }

  func read(_ name: String) throws -> [UInt8] {
    try disk.readBytes(file(name), limit: 1 << 30)
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try disk.writeAtomically(bytes, to: file(name))
  }

  func json(_ name: String) throws -> JSON { try JSON(parsing: try read(name), name: name) }

  /// Runs the program, which has to succeed.
  @discardableResult
  func succeed(_ arguments: String..., input: String? = nil) throws -> Program.Result {
    let result = try program.run(arguments, input: input)
    try #require(result.code == 0, "\(arguments): \(result.errors)")
    return result
  }

  /// Runs the program, which has to fail as bad input has it: with a code that is not 0, nothing on
  /// standard output and one line that says why. Returns the line.
  func fail(
    _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    try fail(arguments, sourceLocation: sourceLocation)
  }

  /// As ``fail(_:sourceLocation:)-(String...,_)``.
  func fail(
    _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let result = try program.run(arguments)
    #expect(
      result.signal == nil && result.code != 0, "\(arguments)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
    let errors = result.errorLines.filter { $0.hasPrefix("Error: ") }
    #expect(
      errors.count == 1 && result.errorLines.last == errors.first, "\(result.errors)",
      sourceLocation: sourceLocation)
    // `train` says first what it was built for, and how many threads it takes.
    #expect(
      result.errorLines.dropLast().allSatisfy { $0.hasPrefix("sophia-rt ") }, "\(result.errors)",
      sourceLocation: sourceLocation)
    return String(errors.first?.dropFirst(7) ?? "")
  }

  /// Stories in a vocabulary of 300 tokens.
  func makeData(_ name: String = "data", vocabulary: Int = 300) throws {
    try succeed(
      "tokenize", "--stories", "60", "--train-vocab", "\(vocabulary)", "--out", name)
  }

  /// The arguments of a run of 20 steps with 4 sequences of 16 tokens on `data`.
  static func train(_ out: String, _ more: [String] = []) -> [String] {
    [
      "train", "--out", out, "--model", "m.json", "--data", "data", "--context", "16",
      "--batch-tokens", "64", "--steps", "20", "--curvature-interval", "4", "--lr", "0.002",
      "--eval-every", "0", "--eval-tokens", "200", "--checkpoint-every", "2",
    ] + more
  }

  /// Weights and optimizer state of the checkpoint of a step.
  func bits(_ out: String, step: Int = 20) throws -> [FileBits] {
    let digits = String(step)
    let name = String(repeating: "0", count: 8 - digits.count) + digits
    return try ["model.safetensors", "optimizer.safetensors"].map {
      FileBits(bytes: try read("\(out)/step-\(name)/\($0)"))
    }
  }
}

/// The bytes of a file; too many to be shown when a test fails.
struct FileBits: Equatable, CustomTestStringConvertible {
  let bytes: [UInt8]
  var testDescription: String { "\(bytes.count) bytes, \(bytes.hashValue)" }
}
