public import Files

extension TrainingConfiguration {
  /// What the layers of defaults and the user's words come to, in two phases: first the optimizer with
  /// its form is chosen, then the layers are merged, each laid on those before it: defaults ← the
  /// optimizer's numbers ← the preset ← the recipe ← a configuration file ← flags.
  /// - preset: the model's file (see models/README.md), whose `training` object has this run's keys,
  ///   with an object named after an optimizer (`sophia-g`, `adamw`, …) for it alone and `paper` for the paper's recipe.
  /// - Throws: ``ConfigurationError`` for an unknown key or a value out of range.
  public static func resolve(
    preset: JSON, presetName: String, file: (members: [JSONMember], name: String)?,
    flags: [JSONMember], table: SettingTable<TrainingSettings> = TrainingSettings.standard
  ) throws(ConfigurationError) -> TrainingConfiguration {
    let layers = try Layers(
      training: PresetLevel(preset["training"], "\(presetName): training", table), file: file,
      flags: flags)
    let choice = try layers.choice(table)
    var result = try layers.merged(choice, width: preset["n_embd"]?.intValue)
    if !layers.isGiven("model") { result.model = presetName }
    if let positions = preset["n_positions"]?.intValue {
      if layers.training["context"] == nil && result.recipe == "none" && !layers.isGiven("context")
      {
        // No position is to be left untrained.
        result.context = min(1024, max(1, positions))
      }
      result.fit(contextLength: positions, layers.isGiven)
    }
    if !layers.isGiven("warmup") {
      // A default made for longer runs: at most a fifth of this one (Benchmarks/study).
      result.warmup = min(result.warmup, result.steps / 5)
    }
    result.optimizerRecipe.finish(&result, isGiven: layers.isGiven)
    return result
  }

  /// Shortens the context to that of the model, where it is a default, and the batch to whole sequences.
  public mutating func fit(contextLength: Int, _ isGiven: (String) -> Bool) {
    guard !isGiven("context"), contextLength >= 1 else { return }
    self.context = min(self.context, contextLength)
    if !isGiven("batch-tokens") {
      self.batchTokens = max(1, self.batchTokens / self.context) * self.context
    }
  }

  /// The optimizer's own defaults for a model of width C.
  fileprivate mutating func takeNumbers(width: Int?) {
    self.lr = TrainingConfiguration(table).lr
    optimizerRecipe.setDefaults(&self, width: width)
  }

  /// The schedule of the paper's GPT-2 runs (Liu et al. 2023, §3.1, and the authors'
  /// config/train_gpt2_small_sophiag.py):
  /// 480 sequences of 1,024 tokens, 100,000 steps, warmup 2,000, cosine to 0.05, clip 1.
  fileprivate mutating func takePaperSchedule(width: Int?) {
    (self.context, self.batchTokens, self.steps, self.warmup) = (1024, 480 * 1024, 100_000, 2000)
    (self.schedule, self.minLRRatio, self.clip, self.curvatureShare) = ("cosine", 0.05, 1, 0.5)
    (self.matrixLRRatio, self.vectorLRRatio) = (1, 1)
    takeNumbers(width: width)
  }

  /// Plain keys of a preset's object, then those of its object for the chosen optimizer; the objects for
  /// others are read all the same, so that their mistakes are found.
  fileprivate mutating func apply(_ level: PresetLevel) throws(ConfigurationError) {
    try apply(level.plain, from: level.name)
    for part in try level.parts() {
      var probe = self
      try probe.apply(part.plain, from: part.name)
      if part.key == self.optimizer { self = probe }
    }
  }
}

/// What is laid on the defaults.
private struct Layers {
  let training: PresetLevel
  let file: (members: [JSONMember], name: String)?
  let flags: [JSONMember]

  /// Whether the user says a value for a key.
  func isGiven(_ key: String) -> Bool {
    ((file?.members ?? []) + flags).contains { $0.key.utf8.elementsEqual(key.utf8) }
  }

  /// What decides which numbers the layers bring: recipe, initial weights, optimizer, form; the rest of
  /// the configuration is as it begins.
  ///
  /// A preset's optimizer is for weights that know nothing yet and for its own schedule, and its form is
  /// for that optimizer: both give way where there is a recipe, and the optimizer to initial weights.
  func choice(
    _ table: SettingTable<TrainingSettings>
  ) throws(ConfigurationError) -> TrainingConfiguration {
    let usual = TrainingConfiguration(table)
    var choice = usual
    func take(_ keys: [String], _ members: [JSONMember], _ name: String?) throws(ConfigurationError)
    {
      try choice.apply(members.filter { keys.contains($0.key) }, from: name)
    }
    let first = PresetLevel.decidedFirst + ["sophia-form"]
    try take(first, training.plain + training.chosen, training.name)
    if let file { try take(first, file.members, file.name) }
    try take(first, flags, nil)
    let isNew = choice.recipe == "none" && choice.initFrom.isEmpty
    if !isNew && !isGiven("optimizer") { choice.optimizer = usual.optimizer }
    guard !isGiven("sophia-form") else { return choice }
    if choice.recipe != "none" {
      choice.sophiaForm = usual.sophiaForm
    } else if let own = try training.parts().first(where: { $0.key == choice.optimizer }) {
      try take(["sophia-form"], own.plain, own.name)
    }
    return choice
  }

  /// All layers, for the optimizer and form of `choice`.
  func merged(
    _ choice: TrainingConfiguration, width: Int?
  ) throws(ConfigurationError) -> TrainingConfiguration {
    var result = TrainingConfiguration(choice.table)
    (result.optimizer, result.sophiaForm) = (choice.optimizer, choice.sophiaForm)
    result.takeNumbers(width: width)
    try result.apply(training)
    // A recipe that is not asked for is read all the same, so that its mistakes are found.
    var withPaper = result
    withPaper.takePaperSchedule(width: width)
    try withPaper.apply(try training.recipe("paper"))
    if choice.recipe == "paper" { result = withPaper }
    if let file { try result.apply(file.members, from: file.name) }
    try result.apply(flags, from: nil)
    (result.optimizer, result.sophiaForm) = (choice.optimizer, choice.sophiaForm)
    (result.recipe, result.initFrom) = (choice.recipe, choice.initFrom)
    return result
  }
}

/// An object of a preset: settings, and objects for one optimizer or recipe each; none at all is an
/// empty one.
private struct PresetLevel {
  /// What is decided before the layers are merged, so that no object for one of its values may have it.
  static let decidedFirst = ["optimizer", "recipe", "init-from"]
  static let recipes = ["paper"]

  let key: String
  let name: String
  private let table: SettingTable<TrainingSettings>
  private let members: [JSONMember]
  /// Members that are objects of this kind.
  private let objects: [String]

  /// The outermost.
  init(
    _ json: JSON?, _ name: String, _ table: SettingTable<TrainingSettings>
  ) throws(ConfigurationError) {
    try self.init(
      json, key: "", name, table, objects: table.settings.optimizers.names + Self.recipes)
  }

  private init(
    _ json: JSON?, key: String, _ name: String, _ table: SettingTable<TrainingSettings>,
    objects: [String]
  ) throws(ConfigurationError) {
    guard let members = (json ?? .object([])).objectValue else {
      throw ConfigurationError("\(name): expected an object, found \(json?.kind ?? "nothing")")
    }
    (self.key, self.name, self.table, self.members) = (key, name, table, members)
    self.objects = objects
  }

  /// The objects for one optimizer each.
  func parts() throws(ConfigurationError) -> [PresetLevel] {
    let known = objects + table.keys
    for member in members where !known.contains(member.key) {
      throw ConfigurationError(
        "\(name): unknown key \"\(member.key.onOneLine)\"; did you mean "
          + "\"\(nearest(member.key, known))\"?")
    }
    return try table.settings.optimizers.names.map { (key) throws(ConfigurationError) in
      try object(key, objects: [])
    }
  }

  /// The object for a recipe, which has objects for optimizers in turn.
  func recipe(_ key: String) throws(ConfigurationError) -> PresetLevel {
    try object(key, objects: table.settings.optimizers.names)
  }

  private func object(
    _ key: String, objects: [String]
  ) throws(ConfigurationError) -> PresetLevel {
    let inner = try PresetLevel(self[key], key: key, "\(name): \(key)", table, objects: objects)
    for decided in Self.decidedFirst where inner[decided] != nil {
      throw ConfigurationError(
        "\(inner.name): \"\(decided)\" belongs beside \"\(key)\", not in it")
    }
    return inner
  }

  /// The settings in it but those that are decided first.
  var plain: [JSONMember] {
    members.filter { !objects.contains($0.key) && !Self.decidedFirst.contains($0.key) }
  }

  /// Those that are decided first.
  var chosen: [JSONMember] { members.filter { Self.decidedFirst.contains($0.key) } }

  subscript(key: String) -> JSON? { JSON.object(members)[key] }
}
