import Dataset
import Files
import Machine
import Stories
import TemporaryDirectories
import Testing
import Tokenization
import Training

@testable import Comparison

/// All of this folder, one test at a time: each takes the threads it names.
@Suite(.serialized) enum ComparisonTests {}

/// A directory with a model of some 40,000 parameters and a dataset, in which studies of a second or two
/// are run.
final class StudyPlace {
  private let directory: TemporaryDirectory
  var path: String { directory.path }
  private let disk = LocalFileSystem()
  private static let tokenizer = Result {
    try BytePairTrainer.train(
      vocabularySize: 320, documents: texts(.training, 40), on: ThreadTeam(count: 1))
  }

  init(stories: Int = 40) throws {
    directory = try TemporaryDirectory()
    try write(Self.model(), to: "m.json")
    try build(stories: stories)
  }

  static func model(width: Int = 32) -> String {
    """
    {"model_type": "gpt2", "n_embd": \(width), "n_layer": 1, "n_head": 2, "n_positions": 64,
     "training": {"context": 16, "batch-tokens": 64}}
    """
  }

  func build(stories: Int) throws {
    let (train, held) = (Self.texts(.training, stories), Self.texts(.validation, 8))
    if disk.exists(file("data")) { try disk.removeTree(file("data")) }
    _ = try DatasetBuilder().build(
      [GeneratedDocuments(count: train.count) { train[$0] }],
      validation: [GeneratedDocuments(count: held.count) { held[$0] }],
      tokenizer: try Self.tokenizer.get(), output: file("data"), on: ThreadTeam(count: 1))
  }

  private static func texts(_ split: StorySplit, _ count: Int) -> [[UInt8]] {
    let generator = StoryGenerator(seed: 0, split: split)
    return (0..<count).map { Array(generator.story(UInt64($0)).text.utf8) }
  }

  func file(_ name: String) -> String { directory(name) }

  func write(_ text: String, to name: String) throws {
    try disk.writeAtomically(Array(text.utf8), to: file(name))
  }

  func text(_ name: String) throws -> String {
    String(decoding: try disk.readBytes(file(name), limit: 1 << 28), as: UTF8.self)
  }

  /// Writes a study of 12 steps a cell and reads it.
  func study(
    _ arms: String = StudyPlace.arms, more: String = "", every: Int = 3, seeds: String = "[1, 2]"
  ) throws -> Study {
    try write(
      """
      {"title": "A <study> & more", "model": "m.json", "data": "data", "tokens": 768,
       "seeds": \(seeds), "baseline": "adamw", "eval-every": \(every), "eval-tokens": 200,
       "settings": {"warmup": 2, "curvature-interval": 4},\(more)
       "arms": \(arms)}
      """, to: "study.json")
    return try Study(file: file("study.json"))
  }

  static let arms = """
    {"adamw": {"optimizer": "adamw", "lr": [0.002, 0.02]},
     "sophia": {"optimizer": "sophia-g", "lr": [0.002], "gamma": [0.05, 0.5]}}
    """

  /// Runs a study in `out`; stops as soon as `stop` says so, asked after each event.
  @discardableResult
  func run(
    _ study: Study, _ out: String = "out", checkpointEvery: Int = 2, threads: Int = 1,
    stop: @escaping (ComparisonEvent) -> Bool = { _ in false }
  ) throws -> (isDone: Bool, began: [String]) {
    var options = StudyRun.Options()
    (options.checkpointEvery, options.machine) = (checkpointEvery, "a machine")
    options.command = "sophia-rt compare study.json"
    let log = Log()
    let run = try StudyRun(
      study, out: file(out), options: options, on: ThreadTeam(count: threads)
    ) { event in
      if case .began(let place) = event { log.began.append(place.cell) }
      if stop(event) { log.isStopped = true }
    }
    return (try run.run(shouldStop: { log.isStopped }), log.began)
  }

  /// Trains without a study, to the end; goes on if there are no flags.
  func train(_ out: String, _ flags: KeyValuePairs<String, JSON> = [:]) throws {
    var request = TrainingRun.Request(out: file(out))
    request.flags = flags.map { JSONMember($0.key, $0.value) }
    request.resume = flags.isEmpty
    (request.options.evalEvery, request.options.evalTokens) = (3, 200)
    let team = ThreadTeam(count: 1)
    _ = try TrainingRun(request, on: team) { _ in }.makeTrainer(on: team) { _ in }.run()
  }

  private final class Log {
    var began: [String] = []
    var isStopped = false
  }
}

/// What `body` throws, as the one line that the user sees.
func line(thrownBy body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return "nothing was thrown"
}
