import ArgumentParser
import Checkpoints
import Files
import Kernels
import Generation
import Machine
import Tokenization
import Transformer

/// `sophia-rt export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a checkpoint as a GGUF file for llama.cpp, Ollama and their kin.",
    discussion: """
      One file holds the weights, the sizes and the tokenizer. Then, for example:
        sophia-rt export --checkpoint run --format gguf --type q8_0 --out model.gguf
        llama-completion -m model.gguf -p "Once upon a time"
        echo "FROM ./model.gguf" > Modelfile; ollama create mine -f Modelfile
      For the Hugging Face world nothing needs exporting: a checkpoint is such a
      folder already.

      f32 keeps the precision of the checkpoint, f16 halves the file, q8_0 takes
      8.5 bits a number. Norms, biases and the position embedding stay f32; where a
      row is no multiple of 32 numbers, q8_0 is f16.
      """)

  /// Where to.
  enum FileFormat: String, ExpressibleByArgument, CaseIterable {
    case gguf
  }

  /// How the weights are stored, by llama.cpp's names.
  enum Weights: String, ExpressibleByArgument, CaseIterable {
    case f32
    case f16
    case q8_0

    var stored: GGUFType {
      switch self {
      case .f32: .f32
      case .f16: .f16
      case .q8_0: .q8_0
      }
    }
  }

  @Option(
    help: ArgumentHelp(
      "Checkpoint, run directory (its newest valid checkpoint), or a Hugging Face GPT-2 folder.",
      valueName: "dir"))
  var checkpoint: String
  @Option(help: ArgumentHelp("The format; there is one.", valueName: "format"))
  var format: FileFormat
  @Option(help: ArgumentHelp("How the weights are stored.", valueName: "type"))
  var type = Weights.f32
  @Option(help: ArgumentHelp("File to write.", valueName: "file"))
  var out: String
  @Flag(help: "Replace --out if it exists.")
  var overwrite = false

  func run() throws {
    Interrupts.install()
    let terminal = TerminalBox()
    if let status = try? LocalFileSystem().status(of: out, followingLinks: true) {
      guard status.kind == .regular else {
        throw ValidationError("\(out) is a \(status.kind.rawValue): expected a file to write")
      }
      guard overwrite else {
        throw ValidationError("\(out): exists already; give --overwrite to replace it")
      }
    }
    let (found, damaged) = try CheckpointDirectory.open(checkpoint, verify: .model)
    for skipped in damaged { terminal.note("passed over a damaged checkpoint: \(skipped)") }
    let file = try ModelFile(found)
    if let notice = file.notice { terminal.note(notice) }
    guard file.config.activation == .geluNew else {
      throw CheckpointError.invalid(
        file: "\(found.path)/config.json", place: "activation_function",
        expected: "\"gelu_new\", the only one that llama.cpp's gpt2 computes",
        found: "\"\(file.config.activation.rawValue)\"")
    }
    let tokenizer = try StoredModel.tokenizer(of: file)
    for line in tokenizer.notices + tokenizer.ggufNotices { terminal.note(line) }
    // One tensor at a time, as it is stored and transposed.
    let largest = file.table.entries.map(\.count).max() ?? 0
    try MemoryLimit.current().require(
      [("the largest tensor, twice", 2 * 4 * largest), ("program", 64 << 20)],
      advice: "export it on a machine with more")
    let metadata =
      try file.ggufMetadata(type.stored)
      + tokenizer.ggufMetadata(rows: file.config.vocabularySize, directory: found.path)
    let result = Result { () throws(CheckpointError) in
      try GGUFWriter.write(file.ggufTensors(type.stored), metadata: metadata, to: out) {
        written, size in
        terminal.progress("\(out): \(written >> 20) of \(size >> 20) MiB")
        return !Interrupts.isRequested
      }
    }
    if case .failure(.stopped) = result { throw Interrupts.exitCode }
    terminal.note("\(out): \(Format.grouped(try result.get())) bytes, \(type.rawValue)")
  }
}
