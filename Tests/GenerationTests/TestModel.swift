import Checkpoints
import Files
import Machine
import TemporaryDirectories
import TestTokenizers
import Tokenization
import Transformer

/// A small model with random weights, and a tokenizer of its ids.
struct TestModel {
  let tokenizer: Tokenizer
  let config: GPT2Config
  let parameters: Arena
  let team = ThreadTeam(count: 1)

  init(contextLength: Int = 200, seed: UInt64 = 1) throws {
    tokenizer = try testTokenizer()
    config = GPT2Config(
      vocabularySize: tokenizer.vocabularySize, contextLength: contextLength, width: 16, layers: 1,
      heads: 2)
    let table = ParameterTable(config)
    parameters = try Arena(count: table.count)
    let random = Philox(seed: seed)
    for (e, entry) in table.entries.enumerated() {
      let center: Float = entry.initialization == .ones ? 1 : 0
      for i in 0..<entry.count {
        let u = Float(random.uniform(stream: UInt32(e), UInt64(i))) - 0.5
        parameters.base[entry.offset + i] = center + 0.5 * u
      }
    }
  }

  func decoderModel() throws -> DecoderModel {
    try DecoderModel(config, parameters: parameters, on: team)
  }

  /// The same as a Hugging Face folder.
  func write(to directory: TemporaryDirectory) throws {
    let files = LocalFileSystem()
    let table = ParameterTable(config)
    try SafetensorsWriter.write(
      table.entries.map {
        NamedTensor(
          name: $0.name, shape: $0.shape,
          values: UnsafeBufferPointer(parameters.view($0.offset, count: $0.count).buffer))
      }, to: directory("model.safetensors"))
    try files.writeAtomically(
      config.huggingFaceConfig(endOfText: tokenizer.endOfText.map { Int($0) }).serialized(),
      to: directory("config.json"))
    try files.writeAtomically(tokenizer.serialized(), to: directory("tokenizer.json"))
  }
}
