import Checkpoints
public import Files
import Presets
import Recipes
import Transformer

/// The configuration of a run: from flags and files, or from the run that is resumed.
extension TrainingRun {
  /// The configuration that the run goes on with, or starts with, and the options.
  static func settle(
    _ request: Request, _ checkpoint: CheckpointDirectory?, _ files: any FileSystem,
    _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> (TrainingConfiguration, RunOptions) {
    var file = try request.configFile.map { (path) throws(TrainingError) in
      try members(of: path, files)
    }
    var options = request.options
    let earlier = "\(request.out)/\(configurationFile)"
    if request.resume && request.keepsOptions && files.exists(earlier) {
      let stored = try members(of: earlier, files)
      try options.takeOptions(from: stored.members, of: stored.name)
    }
    try options.takeOptions(from: file?.members ?? [], of: file?.name)
    try options.takeOptions(from: request.flags, of: nil)
    file?.members.removeAll(where: options.has)
    let flags = request.flags.filter { !options.has($0) }
    let configuration: TrainingConfiguration
    if let stored = try storedConfiguration(checkpoint, request, files) {
      var going = stored
      try going.takePlaces(from: file?.members ?? [], of: file?.name)
      try going.takePlaces(from: flags, of: nil)
      try refuseChanges(of: going, by: file?.members ?? [], from: file?.name)
      try refuseChanges(of: going, by: flags, from: nil)
      configuration = going
    } else {
      if let name = file?.name, let left = file?.members.removeNumbers(notOf: flags, request.table)
      {
        report(.notice("\(name): its numbers of \(left) are left out, --optimizer has others"))
      }
      let given = (file?.members ?? []) + flags
      let weights = initialModel(given, files)
      let name =
        given.last { $0.key == "model" }?.value.stringValue
        ?? weights.map { nearestPreset(to: $0, files) } ?? TrainingConfiguration().model
      let json = try preset(name, files)
      var fresh = try asTraining { [file] in
        try TrainingConfiguration.resolve(
          preset: json, presetName: name, file: file, flags: flags, table: request.table)
      }
      if let weights {
        let keys = given.map(\.key)
        fresh.fit(contextLength: weights.contextLength) { keys.contains($0) }
      }
      configuration = fresh
    }
    try asTraining { try configuration.validate() }
    return (configuration, options)
  }

  /// The configuration that a resumed run goes on with.
  private static func storedConfiguration(
    _ checkpoint: CheckpointDirectory?, _ request: Request, _ files: any FileSystem
  ) throws(TrainingError) -> TrainingConfiguration? {
    if let checkpoint { return try TrainerState.read(checkpoint, request.table).configuration }
    let path = "\(request.out)/\(configurationFile)"
    guard request.resume, files.exists(path) else { return nil }
    let stored = try members(of: path, files)
    return try asTraining {
      var configuration = TrainingConfiguration(request.table)
      try configuration.apply(
        stored.members.filter { !request.options.has($0) }, from: stored.name)
      return configuration
    }
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
    of stored: TrainingConfiguration, by members: [JSONMember], from source: String?
  ) throws(TrainingError) {
    var changed = stored
    for member in members {
      try asTraining { try changed.apply([member], from: source) }
      guard changed != stored else { continue }
      let was = stored[member.key] ?? .null
      throw .configuration(
        "--\(member.key) is \(String(decoding: was.serialized(), as: UTF8.self)) in the run that is "
          + "resumed and cannot change: omit the flag, or start a new run with --init-from")
    }
  }

  /// The model that a new run starts from; nil without `init-from`.
  private static func initialModel(_ given: [JSONMember], _ files: any FileSystem) -> GPT2Config? {
    // What is wrong with the folder is said where its weights are opened.
    given.last { $0.key == "init-from" }?.value.stringValue.flatMap {
      try? ModelFile(CheckpointDirectory.open($0, files: files).checkpoint).config
    }
  }

  /// The preset with the nearest number of weights in its layers.
  private static func nearestPreset(to model: GPT2Config, _ files: any FileSystem) -> String {
    func distance(_ name: String) -> Double {
      guard let json = try? preset(name, files),
        let sizes = try? GPT2Config(huggingFace: json, vocabularySize: 1, file: name)
      else { return .infinity }
      let ratio = Double(sizes.layerWeights) / Double(model.layerWeights)
      return max(ratio, 1 / ratio)
    }
    return Presets.all.map(\.name).min { distance($0) < distance($1) }
      ?? TrainingConfiguration().model
  }

  /// A preset by its name, or a file.
  public static func preset(
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
      guard !name.contains("/"), !name.hasSuffix(".json") else {
        throw TrainingError.configuration(
          "--model \(name): no such file, as seen from the current directory; presets: "
            + names.joined(separator: ", "))
      }
      throw TrainingError.configuration(
        "--model \(name): neither a file nor a preset; did you mean \(nearest(name, names))? Presets: "
          + names.joined(separator: ", "))
    }
  }
}

extension TrainingConfiguration {
  /// Where data and tokenizer lie now. They may have moved since the run began: that they are the same
  /// is seen by the fingerprint of the tokens.
  fileprivate mutating func takePlaces(
    from members: [JSONMember], of source: String?
  ) throws(TrainingError) {
    let places = members.filter { ["data", "tokenizer"].contains($0.key) }
    try asTraining { try apply(places, from: source) }
  }
}

extension RunOptions {
  /// Whether a member is one of these, and none of the configuration.
  fileprivate func has(_ member: JSONMember) -> Bool { table[member.key] != nil }

  /// Takes the members that are options.
  /// - source: where they come from, for messages; nil: flags.
  fileprivate mutating func takeOptions(
    from members: [JSONMember], of source: String?
  ) throws(TrainingError) {
    try asTraining { try apply(members.filter(has), from: source) }
  }
}

extension [JSONMember] {
  /// Removes what is one optimizer's from a configuration that names it, where `flags` name another: the
  /// same run with another optimizer is to have that one's defaults.
  /// - Returns: the optimizer whose numbers are gone; nil where nothing is.
  fileprivate mutating func removeNumbers(
    notOf flags: [JSONMember], _ table: SettingTable<TrainingSettings>
  ) -> String? {
    func name(_ members: [JSONMember]) -> String? {
      members.last { $0.key == "optimizer" }?.value.stringValue
    }
    guard let its = name(self), let said = name(flags), its != said else { return nil }
    removeAll { table[$0.key]?.words.isOptimizers == true }
    return its
  }
}
