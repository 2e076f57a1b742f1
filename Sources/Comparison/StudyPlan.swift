import Checkpoints
import Dataset
import Files
import Machine
import Tokenization
import Recipes
import Training
import Transformer

/// The cells of a study, resolved against its model and data.
struct StudyPlan {
  let study: Study
  private let model: JSON
  /// What `train` is told to read.
  private let paths: [JSONMember]
  /// Which tokens these are, wherever they lie.
  private let data: String
  /// What an `init-from` names, by its path.
  private let initial: [String: InitialModel]

  private struct InitialModel {
    let config: GPT2Config
    /// Which weights these are.
    let checksum: String
  }

  private let vocabularySize: Int
  /// Validation tokens there are.
  private let validationTokens: Int

  /// Opens model and data, or makes the built-in corpus in `out`.
  init(
    _ study: Study, out: String, files: any FileSystem, on team: ThreadTeam,
    report: @escaping (ComparisonEvent) -> Void
  ) throws(ComparisonError) {
    self.study = study
    let isFile =
      files.exists(study.path(study.model)) && !files.isDirectory(study.path(study.model))
    let name = isFile ? study.path(study.model) : study.model
    model = try asComparison("\(study.file): model") { try TrainingRun.preset(name, files) }
    let directory = study.data.isEmpty ? "\(out)/data" : study.path(study.data)
    let tokenizer = study.tokenizer.isEmpty ? "" : study.path(study.tokenizer)
    let values = [("model", name), ("data", directory), ("tokenizer", tokenizer)]
    paths = values.map { JSONMember($0.0, .string($0.1)) }
    if study.data.isEmpty {
      try Self.makeCorpus(study, model, name, in: directory, files, team, report)
    }
    let dataset = try asComparison("\(study.file): data") {
      try TokenDataset(
        directory: directory, tokenizer: try Self.tokenizer(tokenizer, files), fileSystem: files)
    }
    guard dataset.validation.count > 1 else {
      throw .invalid(
        file: directory, place: "validation", expected: "tokens to compare by", found: "none")
    }
    let settings = study.settings + study.arms.flatMap { $0.choices.flatMap { $0 } }
    let folders = settings.filter { $0.key == "init-from" }.compactMap(\.value.stringValue)
    initial = try asComparison("\(study.file): init-from") { [model] in
      var initial: [String: InitialModel] = [:]
      for folder in Set(folders.filter { !$0.isEmpty }.map(study.path)) {
        let checkpoint = try CheckpointDirectory.open(folder, files: files).checkpoint
        try TrainingRun.requireTokenizer(of: checkpoint, for: dataset)
        let config = try ModelFile(checkpoint).config
        try config.requireTrainable(file: "\(checkpoint.path)/config.json")
        try TrainingRun.requireSizes(of: model, named: study.model, in: config, checkpoint.path)
        initial[folder] = InitialModel(
          config: config,
          checksum: try Self.checksum(ofWeightsIn: checkpoint.path, files))
      }
      return initial
    }
    data = "\(dataset.fingerprint) \(String(dataset.validation.checksum, radix: 16))"
    vocabularySize = dataset.tokenizer.vocabularySize
    validationTokens = dataset.validation.count
  }

  /// The cells of the sweep in the order in which they run: all arms for the first seed, then for
  /// the next, so that an unfinished study compares what can be compared.
  func sweep() throws(ComparisonError) -> [Cell] {
    let most = study.arms.map { study.seeds(of: $0).count }.max() ?? 0
    var cells: [Cell] = []
    for round in 0..<most {
      for arm in study.arms where round < study.seeds(of: arm).count {
        for choice in arm.choices {
          cells.append(try cell(arm, choice, seed: study.seeds(of: arm)[round]))
        }
      }
    }
    return cells
  }

  /// A line for each flag of an arm that changes nothing with its optimizer, so that its values are
  /// the same run.
  func idleFlags() throws(ComparisonError) -> [String] {
    var lines: [String] = []
    for arm in study.arms {
      for choice in arm.choices {
        let configuration = try cell(arm, choice, seed: 0).configuration
        for key in choice.map(\.key) {
          guard let reason = configuration.idleReason(of: key) else { continue }
          let line = "\(arm.name): \"\(key)\" changes nothing with \(reason)"
          if !lines.contains(line) { lines.append(line) }
        }
      }
    }
    return lines
  }

  /// The further seeds of the best setting of each arm.
  /// - best: the setting by the arm's name; none where every one diverged
  func finalists(_ best: (String) -> [JSONMember]?) throws(ComparisonError) -> [Cell] {
    var cells: [Cell] = []
    for seed in study.finalistSeeds {
      for arm in study.arms where !study.seeds(of: arm).contains(seed) {
        guard let settings = best(arm.name),
          let choice = arm.choices.first(where: { arm.settings(of: $0) == settings })
        else { continue }
        cells.append(try cell(arm, choice, seed: seed))
      }
    }
    return cells
  }

  private func cell(
    _ arm: Study.Arm, _ choice: [JSONMember], seed: Int
  ) throws(ComparisonError) -> Cell {
    let words = ([arm.name] + choice.map(Cell.text)).joined(separator: " ")
    let tokens = arm.tokens ?? study.tokens
    return try asComparison("\(study.file): \(words)") {
      // Steps follow from the batch, which settings, model or recipe may decide.
      let flags = study.settings + choice + paths + [JSONMember("seed", .integer(seed))]
      let batch = try resolve(flags).batchTokens
      guard tokens >= batch else {
        throw ComparisonError.invalid(
          file: study.file, place: words, expected: "batch-tokens of at most the budget \(tokens)",
          found: "\(batch)")
      }
      let configuration = try resolve(flags + [JSONMember("steps", .integer(tokens / batch))])
      try configuration.validate()
      guard validationTokens > configuration.context else {
        throw ComparisonError.invalid(
          file: configuration.data, place: "validation",
          expected: "more tokens than a window of --context \(configuration.context)",
          found: "\(validationTokens)")
      }
      let initial = initial[configuration.initFrom]
      let sizes =
        try initial?.config
        ?? GPT2Config(
          huggingFace: model, vocabularySize: vocabularySize, file: configuration.model)
      try TrainingRun.checkSizes(sizes, configuration)
      let every = study.evalEvery ?? (configuration.steps + 39) / 40
      return Cell(
        arm, choice: choice, seed: seed, configuration: configuration,
        evaluation: (every, study.evalTokens), model: model, data: data,
        weights: initial?.checksum)
    }
  }

  private func resolve(_ flags: [JSONMember]) throws(ConfigurationError) -> TrainingConfiguration {
    var configuration = try TrainingConfiguration.resolve(
      preset: model, presetName: study.model, file: nil, flags: flags)
    if !configuration.initFrom.isEmpty {
      configuration.initFrom = study.path(configuration.initFrom)
    }
    return configuration
  }

  private static func makeCorpus(
    _ study: Study, _ model: JSON, _ name: String, in directory: String,
    _ files: any FileSystem, _ team: ThreadTeam, _ report: @escaping (ComparisonEvent) -> Void
  ) throws(ComparisonError) {
    try asComparison("\(study.file): settings") {
      let configuration = try TrainingConfiguration.resolve(
        preset: model, presetName: name, file: nil, flags: study.settings)
      let corpus = BuiltInCorpus(
        tokens: study.tokens, stories: configuration.stories,
        vocabulary: configuration.vocabulary, seed: 0)
      _ = try corpus.dataset(
        in: directory, tokenizer: nil,
        replacing: isReplaceable(parentDirectory(of: directory), files), files: files, on: team
      ) {
        report(.preparing($0))
      }
    }
  }

  /// Whether a study began in a directory and has no result that another corpus would make worthless.
  private static func isReplaceable(_ out: String, _ files: any FileSystem) -> Bool {
    let records = try? StudyDirectory(out, files: files).records()
    return files.exists("\(out)/\(Report.studyFile)") && records?.isEmpty != false
  }

  private static func tokenizer(_ path: String, _ files: any FileSystem) throws -> Tokenizer? {
    if path.isEmpty { return nil }
    return files.isDirectory(path)
      ? try Tokenizer.load(directory: path) : try Tokenizer.load(file: path)
  }

  /// Which weights a folder holds.
  private static func checksum(
    ofWeightsIn path: String, _ files: any FileSystem
  ) throws -> String {
    let names = try files.list(path).filter {
      $0.hasPrefix("model") && $0.hasSuffix(".safetensors")
    }
    let crc = try names.sorted().reduce(0 as UInt32) { crc, name in
      try files.withFile("\(path)/\(name)", .readRegular) { file throws(FileError) in
        try files.checksum(of: file, continuing: crc)
      }
    }
    return String(crc, radix: 16)
  }
}
