import Checkpoints
import Dataset
public import Files
import Machine
public import Recipes
import Tokenization
public import Transformer

/// The parts of a run: its directory, the weights it starts from, the data; and whether they fit.
extension TrainingRun {
  /// Whether the directory is a run's or may become one: nothing else is mixed with it.
  static func checkDirectory(
    _ request: Request, _ files: any FileSystem
  ) throws(TrainingError) {
    let out = request.out
    let names = try asTraining { files.isDirectory(out) ? try files.list(out) : [] }
    let isRun = names.contains { $0 == configurationFile || isCheckpoint($0) }
    if isRun { return }
    if names.contains("config.json") {
      throw .configuration(
        "\(out) is a checkpoint and no run: begin one from its weights with --init-from \(out)")
    }
    // With settings the same command begins a run and goes on with it.
    let hasSettings = !request.flags.isEmpty || request.configFile != nil
    if request.resume && !hasSettings && !names.contains("run.lock") {
      throw .configuration("\(out): no run to resume there")
    }
    if let foreign = names.first(where: { !isOurs($0) && !files.isAside($0) }) {
      throw .configuration(
        "\(out) holds \(foreign.onOneLine), which is no run's: choose an --out that is new or empty"
      )
    }
  }

  private static func isCheckpoint(_ name: String) -> Bool { name.hasPrefix("step-") }

  /// What an interrupted start leaves behind, and what lies in directories unasked.
  private static func isOurs(_ name: String) -> Bool {
    ["run.lock", "metrics.jsonl", "data", "lost+found"].contains(name) || name.hasPrefix(".")
      || name.hasPrefix("events.out.tfevents.")
      // Of earlier versions, which named what they wrote aside after their process.
      || ["data", "configuration.json", "metrics.jsonl"].contains { name.hasPrefix($0 + ".tmp-") }
  }

  /// The checkpoint to go on from, once the directory is this run's alone.
  static func search(
    _ store: CheckpointStore, _ request: Request, _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> CheckpointDirectory? {
    try asTraining {
      try store.lock()
      let found = try store.newestValid(verify: .everything)
      for damaged in found.damaged {
        report(.notice("passed over a damaged checkpoint: \(damaged)"))
      }
      if let newest = found.newest, !request.resume {
        throw TrainingError.configuration(
          "\(request.out) holds a run (\(newest.path)): add --resume to go on with it, or choose "
            + "another --out")
      }
      if found.newest == nil && request.resume {
        report(.notice("\(request.out) holds no checkpoint yet: starting from the beginning"))
      }
      return found.newest
    }
  }

  /// The folder that `--init-from` names, every byte checked.
  static func openInitial(
    _ path: String, _ files: any FileSystem, _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> ModelFile {
    try asTraining {
      let (checkpoint, damaged) = try CheckpointDirectory.open(
        path, verify: .everything, files: files)
      for skipped in damaged { report(.notice("passed over a damaged checkpoint: \(skipped)")) }
      let file = try ModelFile(checkpoint)
      try file.config.requireTrainable(file: "\(checkpoint.path)/config.json")
      if let notice = file.notice { report(.notice(notice)) }
      if !file.ignoredDropout.isEmpty {
        report(
          .notice(
            "\(file.checkpoint.path)/config.json: \(file.ignoredDropout.joined(separator: ", ")): ignored, "
              + "sophia-rt trains without dropout"))
      }
      return file
    }
  }

  /// Whether the model that a user names, for its defaults, is that of the weights; says whose defaults
  /// are taken where none is named.
  static func check(
    _ request: Request, _ name: String, for weights: ModelFile, _ files: any FileSystem,
    _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) {
    guard request.namesIdleFlags else { return }
    guard request.flags.contains(where: { $0.key == "model" }) else {
      if request.configFile == nil && !request.resume {
        report(.notice("defaults are those of the preset \(name), the nearest to the weights"))
      }
      return
    }
    try requireSizes(
      of: try preset(name, files), named: name, in: weights.config, weights.checkpoint.path)
  }

  /// Whether a model that is named has the sizes of the weights to start from.
  /// - Throws: ``TrainingError`` that names both.
  public static func requireSizes(
    of preset: JSON, named name: String, in weights: GPT2Config, _ path: String
  ) throws(TrainingError) {
    let named = try asTraining {
      try GPT2Config(huggingFace: preset, vocabularySize: 1, file: "model \(name)")
    }
    func text(_ model: GPT2Config) -> String {
      "\(model.layers) layers of width \(model.width) with \(model.heads) heads"
    }
    guard text(named) == text(weights) else {
      throw .configuration(
        "--model \(name) has \(text(named)), the weights of \(path) have \(text(weights)): name theirs or, "
          + "in train, none")
    }
  }

  /// The model as a function of the vocabulary's size, which a preset may leave to the tokenizer.
  static func modelSource(
    _ configuration: TrainingConfiguration, _ resumeFrom: CheckpointDirectory?,
    _ initFrom: ModelFile?, _ files: any FileSystem
  ) throws(TrainingError) -> (Int) throws(TrainingError) -> GPT2Config {
    if let resumeFrom {
      let config = try asTraining { try ModelFile(resumeFrom).config }
      return { _ in config }
    }
    if let initFrom { return { _ in initFrom.config } }
    let name = configuration.model
    let json = try preset(name, files)
    return { (vocabularySize) throws(TrainingError) in
      try asTraining {
        let file = "model \(name)"
        let config = try GPT2Config(huggingFace: json, vocabularySize: vocabularySize, file: file)
        try config.requireTrainable(file: file)
        return config
      }
    }
  }

  /// The data that the configuration names, or the built-in corpus in the run directory.
  static func openDataset(
    _ configuration: TrainingConfiguration, _ request: Request, _ files: any FileSystem,
    _ team: ThreadTeam, _ report: @escaping (TrainingEvent) -> Void
  ) throws(TrainingError) -> TokenDataset {
    let tokenizer = try asTraining { () -> Tokenizer? in
      if configuration.tokenizer.isEmpty { return nil }
      return files.isDirectory(configuration.tokenizer)
        ? try Tokenizer.load(directory: configuration.tokenizer)
        : try Tokenizer.load(file: configuration.tokenizer)
    }
    if !configuration.data.isEmpty {
      if request.resume { try requireData(at: configuration.data, files) }
      return try asTraining {
        try TokenDataset(directory: configuration.data, tokenizer: tokenizer, fileSystem: files)
      }
    }
    let corpus = BuiltInCorpus(
      tokens: configuration.steps * configuration.batchTokens, stories: configuration.stories,
      vocabulary: configuration.vocabulary, seed: 0)
    let isMade = files.exists("\(request.out)/\(configurationFile)")
    try asTraining {
      try corpus.check("\(request.out)/data", tokenizer: tokenizer, replacing: isMade, files)
    }
    let vocabulary =
      tokenizer == nil && corpus.vocabulary < configuration.vocabulary
      ? ", which give a vocabulary of \(corpus.vocabulary) and not \(configuration.vocabulary)" : ""
    report(.notice("data: the built-in corpus, \(corpus.stories) stories\(vocabulary)"))
    return try corpus.dataset(
      in: "\(request.out)/data", tokenizer: tokenizer, reusing: request.resume, replacing: isMade,
      files: files, on: team
    ) { report(.preparing($0)) }
  }

  /// Whether a model can be trained in this configuration.
  public static func checkSizes(
    _ model: GPT2Config, _ configuration: TrainingConfiguration
  ) throws(TrainingError) {
    guard configuration.context <= model.contextLength else {
      throw .configuration(
        "--context \(configuration.context) is more than the model's n_positions "
          + "\(model.contextLength): lower it")
    }
    guard model.vocabularySize <= 65_536 else {
      throw .configuration(
        "the model's vocab_size is \(model.vocabularySize), but tokens are uint16: expected at most "
          + "65536")
    }
  }

  /// Whether data and model belong together, and are those that a resumed run began with.
  static func check(
    _ dataset: TokenDataset, _ model: GPT2Config, _ configuration: TrainingConfiguration,
    _ resumeFrom: CheckpointDirectory?, _ initFrom: ModelFile?, _ files: any FileSystem
  ) throws(TrainingError) {
    try checkSizes(model, configuration)
    guard dataset.tokenizer.vocabularySize <= model.vocabularySize else {
      throw .configuration(
        "\(dataset.directory): its tokenizer has \(dataset.tokenizer.vocabularySize) ids, the model's "
          + "vocab_size is \(model.vocabularySize): use the model's tokenizer or another model")
    }
    if let resumeFrom {
      let began = try TrainerState.read(resumeFrom, configuration.table).state.dataFingerprint
      guard began.utf8.elementsEqual(dataset.fingerprint.utf8) else {
        throw .configuration(
          "\(dataset.directory): not the data that the run began with (fingerprint "
            + "\(dataset.fingerprint), expected \(began.onOneLine)): bring them back, or start a new run "
            + "with --init-from")
      }
    }
    if let initFrom {
      try requireTokenizer(of: initFrom.checkpoint, for: dataset)
    }
  }
}
