import Checkpoints
import Dataset
import Files
import Machine
import Stories
import TemporaryDirectories
import Testing
import Tokenization

@testable import Training

/// All of this folder, one test at a time: each takes the threads it names.
@Suite(.serialized) enum TrainingTests {}

/// A directory with a model of some 40,000 parameters and a dataset of stories, in which runs of a
/// fraction of a second are made.
final class TinyRun {
  private let directory: TemporaryDirectory
  var path: String { directory.path }
  private static let tokenizer = Result { try makeTokenizer() }

  init(stories: Int = 60) throws {
    directory = try TemporaryDirectory()
    try write(Self.modelJSON, to: "model.json")
    try Self.build(stories: stories, tokenizer: try Self.tokenizer.get(), output: "\(path)/data")
  }

  static let modelJSON: JSON = [
    "model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64,
  ]

  /// A vocabulary of 320 tokens: 257 would be bytes alone.
  static func makeTokenizer(vocabulary: Int = 320, stories: Int = 40) throws -> Tokenizer {
    try BytePairTrainer.train(
      vocabularySize: vocabulary, documents: texts(.training, stories), on: ThreadTeam(count: 1))
  }

  static func build(stories: Int, tokenizer: Tokenizer, output: String) throws {
    let (train, held) = (texts(.training, stories), texts(.validation, 8))
    _ = try DatasetBuilder().build(
      [GeneratedDocuments(count: train.count) { train[$0] }],
      validation: [GeneratedDocuments(count: held.count) { held[$0] }], tokenizer: tokenizer,
      output: output, on: ThreadTeam(count: 1))
  }

  private static func texts(_ split: StorySplit, _ count: Int) -> [[UInt8]] {
    let generator = StoryGenerator(seed: 0, split: split)
    return (0..<count).map { Array(generator.story(UInt64($0)).text.utf8) }
  }

  /// The path of a file.
  func file(_ name: String) -> String { directory(name) }

  func write(_ json: JSON, to name: String) throws {
    try LocalFileSystem().writeAtomically(json.serialized(), to: file(name))
  }

  func read(_ name: String) throws -> [UInt8] {
    try LocalFileSystem().readBytes(file(name), limit: 1 << 30)
  }

  func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }

  /// The request for a run in `out`: 4 sequences of 16 tokens a step, 12 steps, unless told otherwise.
  func request(
    _ out: String, _ changes: [JSONMember] = [], microBatch: Int? = nil, resume: Bool = false
  ) -> TrainingRun.Request {
    var flags: [JSONMember] = [
      JSONMember("model", .string(file("model.json"))), JSONMember("data", .string(file("data"))),
      JSONMember("context", 16), JSONMember("batch-tokens", 64), JSONMember("steps", 12),
      JSONMember("warmup", 2), JSONMember("lr", 0.002), JSONMember("curvature-interval", 4),
    ]
    for change in changes {
      flags.removeAll { $0.key == change.key }
      flags.append(change)
    }
    var request = TrainingRun.Request(out: file(out))
    request.flags = flags
    request.resume = resume
    request.options.microBatch = microBatch
    request.options.evalEvery = 5
    request.options.evalTokens = 200
    request.options.checkpointEvery = 0
    return request
  }

  /// Runs to the end, or stops when asked after `stopAt` steps.
  @discardableResult
  func run(
    _ request: TrainingRun.Request, threads: Int = 1, stopAt: Int? = nil,
    files: any FileSystem = LocalFileSystem(), limit: MemoryLimit = .current()
  ) throws -> FinishedRun {
    let team = ThreadTeam(count: threads)
    let events = Events()
    let trainer = try TrainingRun(request, files: files, on: team) { events.add($0) }
      .makeTrainer(on: team, limit: limit) { events.add($0) }
    let outcome = try trainer.run(shouldStop: { stopAt.map { trainer.step >= $0 } ?? false })
    return FinishedRun(outcome: outcome, trainer: trainer, events: events)
  }
}

/// What a run told its caller, in order.
final class Events {
  private(set) var all: [TrainingEvent] = []

  func add(_ event: TrainingEvent) { all.append(event) }

  var notices: [String] { all.compactMap { if case .notice(let text) = $0 { text } else { nil } } }
  var preparing: [String] {
    all.compactMap { if case .preparing(let text) = $0 { text } else { nil } }
  }
  var steps: [StepReport] { all.compactMap { if case .step(let step) = $0 { step } else { nil } } }
  var saved: [Int] {
    all.compactMap { if case .checkpoint(let step, _) = $0 { step } else { nil } }
  }
  var failed: [(step: Int, reason: String)] {
    all.compactMap {
      if case .checkpointFailed(let step, let reason, _) = $0 { (step, reason) } else { nil }
    }
  }
  var evaluations: [Double] {
    all.compactMap { if case .evaluation(_, let nats, _) = $0 { nats } else { nil } }
  }
}

/// A run that ended, and the bits it ended with.
struct FinishedRun {
  let outcome: TrainingOutcome
  let events: Events
  /// The bits of weights and optimizer state.
  let bits: Bits

  /// Bit patterns by name; too many to be shown when a test fails.
  struct Bits: Equatable, CustomTestStringConvertible {
    var parts: [String: [UInt32]]
    subscript(name: String) -> [UInt32]? { parts[name] }
    var testDescription: String { "\(parts.mapValues(\.hashValue))" }
  }

  init(outcome: TrainingOutcome, trainer: Trainer, events: Events) {
    (self.outcome, self.events) = (outcome, events)
    var bits = Bits(parts: ["weights": trainer.theta.view().buffer.map(\.bitPattern)])
    for part in trainer.optimizer.state {
      bits.parts[part.name] = part.arena.view().buffer.map(\.bitPattern)
    }
    self.bits = bits
  }
}

/// What `body` throws, as the one line that the user sees.
func line(thrownBy body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return "nothing was thrown"
}

extension [JSONMember] {
  /// Flags from pairs of key and value.
  init(_ pairs: KeyValuePairs<String, JSON>) { self = pairs.map { JSONMember($0.key, $0.value) } }
}
