import Checkpoints
public import Dataset
public import Files
public import Machine
public import Recipes
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
    /// A configuration file.
    public var configFile: String?
    /// Flags as keys of ``TrainingSettings`` and ``RunSettings``.
    public var flags: [JSONMember] = []
    /// Whether the flags are a user's, not a whole configuration: those that change nothing are named, and
    /// a model beside `init-from` has to be that of the weights.
    public var namesIdleFlags = true
    /// What may change on a resume, unless a file or a flag says otherwise.
    public var options = RunOptions()
    /// Whether a resumed run has the options it had, unless a file or a flag says otherwise.
    public var keepsOptions = false
    /// The settings that there are, and with them the optimizers.
    public var table = TrainingSettings.standard

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
  private let options: RunOptions
  private let store: CheckpointStore
  private let files: any FileSystem
  private let resumeFrom: CheckpointDirectory?
  private let initFrom: ModelFile?

  /// Locks the run directory, settles the configuration and opens (or makes) the data. What is refused
  /// leaves no directory behind that was not there before.
  /// - Throws: ``TrainingError`` in one line that names flag, file, expected and found.
  public init(
    _ request: Request, files: any FileSystem = LocalFileSystem(), on team: ThreadTeam,
    report: @escaping (TrainingEvent) -> Void
  ) throws(TrainingError) {
    self.files = files
    try Self.checkDirectory(request, files)
    let missing = files.missingDirectories(of: request.out)
    let store = CheckpointStore(directory: request.out, files: files)
    self.store = store
    var isSettled = false
    defer { if !isSettled { store.abandon(missing) } }
    resumeFrom = try Self.search(store, request, report)
    if let resumeFrom {
      try Self.checkBelonging(of: resumeFrom, to: request, files, report)
    }
    (configuration, options) = try Self.settle(request, resumeFrom, files, report)
    for flag in request.flags where request.namesIdleFlags {
      if let reason = configuration.idleReason(of: flag.key) {
        report(.notice("--\(flag.key) changes nothing with \(reason)"))
      }
    }
    initFrom =
      resumeFrom == nil && !configuration.initFrom.isEmpty
      ? try Self.openInitial(configuration.initFrom, files, report) : nil
    if let initFrom { try Self.check(request, configuration.model, for: initFrom, files, report) }
    // What can be wrong is found before the long work on the data.
    let source = try Self.modelSource(configuration, resumeFrom, initFrom, files)
    try Self.checkSizes(source(configuration.vocabulary), configuration)
    dataset = try Self.openDataset(configuration, request, files, team, report)
    model = try source(dataset.tokenizer.vocabularySize)
    try Self.check(dataset, model, configuration, resumeFrom, initFrom, files)
    try asTraining { [configuration, options] in
      let members = configuration.members + options.members
      try files.writeAtomically(
        JSON.object(members).serialized(pretty: true) + [0x0A],
        to: "\(request.out)/\(Self.configurationFile)")
    }
    isSettled = true
  }

  /// Takes the memory and loads or makes the weights.
  public func makeTrainer(
    on team: ThreadTeam, limit: MemoryLimit = .current(),
    report: @escaping (TrainingEvent) -> Void
  ) throws(TrainingError) -> Trainer {
    try Trainer(
      configuration, model: model, options: options, dataset: dataset, store: store,
      files: files, resumeFrom: resumeFrom, initFrom: initFrom, on: team, limit: limit,
      report: report)
  }
}
