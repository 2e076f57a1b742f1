import Checkpoints
import Files
import Optimizers
import Recipes
import Tokenization
import Transformer

extension Trainer {
  /// Publishes a checkpoint. If the disk is full or failing, training goes on; only the last save of
  /// a run throws.
  func save(final: Bool) throws(TrainingError) {
    writeLogs(synchronizeLogs)
    let step = state.step
    do {
      let published = try store.publish(
        step: step, expecting: checkpointBytes, keeping: options.keep
      ) {
        (writer) throws(CheckpointError) in
        try write(to: writer)
      }
      report(.checkpoint(step: step, path: published.checkpoint.path))
      if let error = published.cleanupError { report(.notice("\(error)")) }
    } catch .alreadyPublished {
      return
    } catch {
      if final || error.isLost { throw .checkpoint(error) }
      report(
        .checkpointFailed(step: step, reason: "\(error)", earlier: (try? store.steps())?.last))
    }
  }

  /// About what a checkpoint takes.
  var checkpointBytes: Int {
    4 * table.count + configuration.optimizerRecipe.stateBytes(of: table)
      + configuration.lastGoodBytes(of: table) + (4 << 20)
  }

  private func write(to writer: CheckpointWriter) throws(CheckpointError) {
    let ends = tokenizer.endsOfText.map { JSON.integer(Int($0)) }
    let begin: JSON = tokenizer.beginOfText.map { .integer(Int($0)) } ?? .null
    let end: JSON = ends.count > 1 ? .array(ends) : ends.first ?? .null
    try writer.writeJSON(
      "config.json", model.huggingFaceConfig(begin: begin, end: ends.first ?? .null))
    try writer.writeJSON("generation_config.json", ["bos_token_id": begin, "eos_token_id": end])
    try writer.writeBytes("tokenizer.json", tokenizer.serialized())
    try writer.writeJSON(
      "tokenizer_config.json", tokenizer.settings(contextLength: model.contextLength))
    try writer.writeTensors("model.safetensors", table.tensors(theta))
    try writer.writeTensors(Self.optimizerFile, tensors(optimizer.state))
    if let lastGood, state.spikes?.goodStep != nil {
      try writer.writeTensors(Self.lastGoodFile, tensors(lastGood.parts))
    }
    let cursor = windows.cursor(at: state.step * configuration.sequences)
    try writer.writeJSON(
      TrainerState.fileName,
      state.json(
        configuration,
        cursor: ["epoch": .integer(cursor.epoch), "index": .integer(cursor.index)]))
  }

  /// Takes weights, optimizer state and step from a checkpoint of this configuration.
  func load(_ checkpoint: CheckpointDirectory) throws(TrainingError) {
    state = try TrainerState.read(checkpoint, configuration.table).state
    try asTraining {
      let file = try ModelFile(checkpoint)
      guard file.config == model else {
        throw CheckpointError.invalid(
          file: "\(checkpoint.path)/config.json", place: "sizes",
          expected: "those of the run's model",
          found: "others")
      }
      try file.read(into: theta)
      try read(optimizer.state, from: try checkpoint.tensors(of: Self.optimizerFile))
      if let lastGood, state.spikes?.goodStep != nil {
        try read(lastGood.parts, from: try checkpoint.tensors(of: Self.lastGoodFile))
      }
    }
  }

  private static let optimizerFile = "optimizer.safetensors"
  private static let lastGoodFile = "last_good.safetensors"

  private func tensors(_ parts: [NamedArena]) -> [NamedTensor] {
    parts.flatMap { part in
      table.tensors(part.arena, prefix: part.name + ".") { part.holds($0.offset) }
    }
  }

  private func read(_ parts: [NamedArena], from tensors: SafetensorsFile) throws {
    for part in parts {
      for entry in table.entries where part.holds(entry.offset) {
        let name = "\(part.name).\(entry.name)"
        guard let stored = tensors[name], stored.shape == entry.shape else {
          throw CheckpointError.invalid(
            file: tensors.path, place: "tensors", expected: "\(name) \(entry.shape)",
            found: tensors[name].map { "\($0.shape)" } ?? "no such tensor")
        }
        try tensors.read(
          stored, into: part.arena.view(entry.offset, count: entry.count).buffer)
      }
    }
  }
}
