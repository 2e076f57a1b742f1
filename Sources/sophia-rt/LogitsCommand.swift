import ArgumentParser
import Checkpoints
import Files
import Machine
import Transformer

/// `sophia-rt logits`: what a model makes of given tokens, for comparing it with other programs
/// (`scripts/interop.py`). Not in `--help`.
struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Write the logits of every position of given tokens.",
    discussion: """
      Reads a JSON array of sequences of token ids, [[3, 1, 4], [1, 5, 9]], and writes a safetensors \
      file with one F32 tensor (sequence's length, vocabulary) a sequence, named by its number from 0.
      """, shouldDisplay: false)

  @Option(help: ArgumentHelp("Checkpoint, run directory or Hugging Face folder.", valueName: "dir"))
  var checkpoint: String
  @Option(help: ArgumentHelp("Token ids, as JSON.", valueName: "file"))
  var tokens: String
  @Option(help: ArgumentHelp("File to write.", valueName: "file"))
  var out: String
  @OptionGroup var threadOptions: ThreadOptions

  func run() throws {
    try threadOptions.withTeam { _, team in try write(on: team) }
  }

  private func write(on team: ThreadTeam) throws {
    let file = try ModelFile(CheckpointDirectory.open(checkpoint).checkpoint)
    let model = try file.decoderModel(on: team)
    let decoder = try Decoder(model, on: team)
    var arrays: [[Float]] = []
    for sequence in try sequences(file.config) {
      let logits = try decoder.forward(sequence, try KVCache(file.config), logits: .all)
      arrays.append((0..<logits.rows).flatMap { Array(logits[$0]) })
    }
    try write(arrays, V: file.config.vocabularySize)
  }

  private func sequences(_ config: GPT2Config) throws -> [[UInt32]] {
    let json = try JSON(
      parsing: try LocalFileSystem().readBytes(tokens, limit: 64 << 20), name: tokens)
    guard let lists = json.arrayValue else {
      throw ValidationError("\(tokens): expected an array of arrays, found \(json.kind)")
    }
    return try lists.enumerated().map { number, list in
      let ids = list.arrayValue?.compactMap { id in
        id.intValue.flatMap { (0..<config.vocabularySize).contains($0) ? UInt32($0) : nil }
      }
      guard let ids, ids.count == list.arrayValue?.count,
        (1...config.contextLength).contains(ids.count)
      else {
        throw ValidationError(
          "\(tokens): sequence \(number): expected 1...\(config.contextLength) ids below "
            + "\(config.vocabularySize)")
      }
      return ids
    }
  }

  private func write(_ arrays: [[Float]], V: Int) throws {
    // The file is written to its end.
    Interrupts.install()
    let arena = try Arena(count: arrays.reduce(0) { $0 + $1.count })
    var tensors: [NamedTensor] = []
    var at = 0
    for (number, values) in arrays.enumerated() {
      let view = arena.view(at, count: values.count)
      _ = view.buffer.update(from: values)
      tensors.append(
        NamedTensor(
          name: "\(number)", shape: [values.count / V, V],
          values: UnsafeBufferPointer(view.buffer)))
      at += values.count
    }
    try SafetensorsWriter.write(tensors, to: out, allowingNonFinite: true)
    withExtendedLifetime(arena) {}
  }
}
