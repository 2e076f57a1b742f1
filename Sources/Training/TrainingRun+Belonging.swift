import Checkpoints
import Files
import Recipes

/// Whether what lies in a run directory is of one run.
extension TrainingRun {
  /// Compares the settings that the run's `configuration.json` says with those that a checkpoint holds, which
  /// are the ones that a resumed run goes on with. They are the run's identity: the same settings and the same
  /// data, which are compared by their fingerprint, give the same bits. Where data and tokenizer lie may
  /// change, and so may the options of ``RunSettings``.
  ///
  /// A file that cannot be read as JSON decides nothing, and is written anew; a run of an earlier version may
  /// have none, or lack settings that came later.
  /// - Throws: ``TrainingError/configuration(_:)`` that names the first setting that differs
  static func checkBelonging(
    of checkpoint: CheckpointDirectory, to request: Request, _ files: any FileSystem,
    _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) {
    let path = "\(request.out)/\(configurationFile)"
    guard files.exists(path) else { return }
    let members: [JSONMember]
    do {
      let json = try JSON(parsing: try files.readBytes(path, limit: 1 << 20), name: path)
      members = json.objectValue ?? []
    } catch {
      report(.notice("\(error): the run goes on with what \(checkpoint.path) holds"))
      return
    }
    let stored = try TrainerState.read(checkpoint, request.table).configuration
    for member in members where !["data", "tokenizer"].contains(member.key) {
      guard let trained = stored[member.key] else { continue }
      var changed = stored
      try asTraining { try changed.apply([member], from: path) }
      guard changed != stored else { continue }
      func text(_ json: JSON) -> String { String(decoding: json.serialized(), as: UTF8.self) }
      throw .configuration(
        "\(path): \(member.key) is \(text(member.value)), but \(checkpoint.path) was trained with "
          + "\(text(trained)): if that checkpoint is of another run, remove it; if the file was "
          + "edited, put it back, and begin a new run with --init-from for other settings")
    }
  }
}
