import Checkpoints
public import Dataset
public import Files
public import Machine
import Presets
import Tokenization
public import Transformer

/// From the user's words to a ``Trainer``: the run directory, the configuration, the data.
///
/// A run directory with a valid checkpoint is refused unless the run is resumed; leftovers without a
/// checkpoint are no obstacle; checkpoints of which none is valid are an error.
public struct TrainingRun {
  /// What the user asked for.
  public struct Request: Sendable {
    /// The run directory.
    public var out: String
    /// Whether to go on from its newest checkpoint.
    public var resume = false
    /// Whether the preset's paper schedule is asked for.
    public var paperRecipe = false
    /// A configuration file.
    public var configFile: String?
    /// Flags as keys of ``TrainingConfiguration``.
    public var flags: [JSONMember] = []
    /// What may change on a resume.
    public var options = Trainer.Options()

    /// A request for a run in `out`.
    public init(out: String) { self.out = out }
  }

  /// The file in the run directory that `--config` runs again.
  public static let configurationFile = "configuration.json"

  /// The run's settings.
  public let configuration: TrainingConfiguration
  /// The model.
  public let model: GPT2Config
  /// The data.
  public let dataset: TokenDataset
  private let request: Request
  private let store: CheckpointStore
  private let files: any FileSystem
  private let resumeFrom: CheckpointDirectory?
  private let initFrom: ModelFile?

  /// Locks the run directory, settles the configuration and opens (or makes) the data.
  /// - Throws: ``TrainingError`` in one line that names flag, file, expected and found.
  public init(
    _ request: Request, files: any FileSystem = LocalFileSystem(), on team: ThreadTeam,
    report: (TrainingEvent) -> Void
  ) throws(TrainingError) {
    self.request = request
    self.files = files
    store = CheckpointStore(directory: request.out, files: files)
    let found = try Self.search(store, request, report)
    resumeFrom = found
    let file = try request.configFile.map { (path) throws(TrainingError) in
      try Self.members(of: path, files)
    }
    let stored = try Self.storedConfiguration(found, request, files)
    let name = Self.modelName(request.flags, file?.members, stored)
    let preset = try Self.preset(name, files)
    var resolved: TrainingConfiguration
    if let stored {
      resolved = stored
      try Self.refuseChanges(of: stored, by: (file?.members ?? []) + request.flags)
    } else {
      resolved = try TrainingConfiguration.resolve(
        preset: preset, presetName: name, paperRecipe: request.paperRecipe, file: file,
        flags: request.flags)
    }
    try resolved.validate()
    configuration = resolved
    dataset = try Self.openDataset(resolved, request.out, files, team, report)
    initFrom =
      try found == nil && !resolved.initFrom.isEmpty
      ? asTraining { try ModelFile(CheckpointDirectory.open(resolved.initFrom).checkpoint) } : nil
    if let found {
      model = try asTraining { try ModelFile(found).config }
    } else if let initFrom {
      model = initFrom.config
    } else {
      model = try asTraining { [dataset] in
        try GPT2Config(
          huggingFace: preset, vocabularySize: dataset.tokenizer.vocabularySize,
          file: "model \(name)")
      }
    }
    try check()
    if found == nil {
      try asTraining {
        try files.writeAtomically(
          resolved.json.serialized(pretty: true) + [0x0A],
          to: "\(request.out)/\(Self.configurationFile)")
      }
    }
  }

  /// Takes the memory and loads or makes the weights.
  public func makeTrainer(
    on team: ThreadTeam, limit: MemoryLimit = .current(),
    report: @escaping (TrainingEvent) -> Void
  ) throws(TrainingError) -> Trainer {
    try Trainer(
      configuration, model: model, options: request.options, dataset: dataset, store: store,
      files: files, resumeFrom: resumeFrom, initFrom: initFrom, on: team, limit: limit,
      report: report)
  }

  private static func search(
    _ store: CheckpointStore, _ request: Request, _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> CheckpointDirectory? {
    try asTraining {
      try store.lock()
      try store.cleanLeftovers()
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

  /// The configuration that a resumed run goes on with.
  private static func storedConfiguration(
    _ checkpoint: CheckpointDirectory?, _ request: Request, _ files: any FileSystem
  ) throws(TrainingError) -> TrainingConfiguration? {
    if let checkpoint { return try TrainerState.read(checkpoint).configuration }
    let path = "\(request.out)/\(configurationFile)"
    guard request.resume, files.exists(path) else { return nil }
    var configuration = TrainingConfiguration()
    let stored = try members(of: path, files)
    try configuration.apply(stored.members, from: stored.name)
    return configuration
  }

  private static func members(
    of path: String, _ files: any FileSystem
  ) throws(TrainingError) -> (members: [JSONMember], name: String) {
    try asTraining {
      let json = try JSON(parsing: try files.readBytes(path, limit: 1 << 20), name: path)
      guard let members = json.objectValue else {
        throw TrainingError.configuration("\(path): expected a JSON object, found \(json.kind)")
      }
      return (members, path)
    }
  }

  private static func refuseChanges(
    of stored: TrainingConfiguration, by members: [JSONMember]
  ) throws(TrainingError) {
    var changed = stored
    for member in members {
      try changed.apply([member], from: "flags")
      guard changed != stored else { continue }
      let was = TrainingConfiguration.fields.first { $0.key == member.key }?.get(stored) ?? .null
      throw .configuration(
        "--\(member.key) is \(String(decoding: was.serialized(), as: UTF8.self)) in the run that is "
          + "resumed and cannot change: leave the flag away, or start a new run with --init-from")
    }
  }

  private static func modelName(
    _ flags: [JSONMember], _ file: [JSONMember]?, _ stored: TrainingConfiguration?
  ) -> String {
    if let stored { return stored.model }
    return (flags.last { $0.key == "model" } ?? file?.last { $0.key == "model" })?.value.stringValue
      ?? TrainingConfiguration().model
  }

  /// A preset by its name, or a file.
  private static func preset(
    _ name: String, _ files: any FileSystem
  ) throws(TrainingError) -> JSON {
    try asTraining {
      if let preset = Presets.all.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
        return try JSON(parsing: preset.json, name: "model \(name)")
      }
      if files.exists(name) && !files.isDirectory(name) {
        return try JSON(parsing: try files.readBytes(name, limit: 1 << 20), name: name)
      }
      let names = Presets.all.map(\.name)
      throw TrainingError.configuration(
        "--model \(name): neither a file nor a preset; did you mean \(nearest(name, names))? Presets: "
          + names.joined(separator: ", "))
    }
  }

  private static func openDataset(
    _ configuration: TrainingConfiguration, _ out: String, _ files: any FileSystem,
    _ team: ThreadTeam, _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> TokenDataset {
    let tokenizer = try asTraining { () -> Tokenizer? in
      if configuration.tokenizer.isEmpty { return nil }
      return files.isDirectory(configuration.tokenizer)
        ? try Tokenizer.load(directory: configuration.tokenizer)
        : try Tokenizer.load(file: configuration.tokenizer)
    }
    if !configuration.data.isEmpty {
      return try asTraining {
        try TokenDataset(directory: configuration.data, tokenizer: tokenizer, fileSystem: files)
      }
    }
    let corpus = BuiltInCorpus(
      tokens: configuration.steps * configuration.batchTokens, stories: configuration.stories,
      vocabulary: configuration.vocabulary, seed: 0)
    report(.notice("data: the built-in corpus, \(corpus.stories) stories"))
    return try corpus.dataset(
      in: "\(out)/data", tokenizer: tokenizer, files: files, on: team)
  }

  private func check() throws(TrainingError) {
    guard configuration.context <= model.contextLength else {
      throw .configuration(
        "--context \(configuration.context) is more than the model's n_positions "
          + "\(model.contextLength): lower it")
    }
    guard dataset.tokenizer.vocabularySize <= model.vocabularySize else {
      throw .configuration(
        "the data's tokenizer has \(dataset.tokenizer.vocabularySize) ids, the model's vocab_size is "
          + "\(model.vocabularySize): use the model's tokenizer or another model")
    }
  }
}
