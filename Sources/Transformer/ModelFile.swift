public import Checkpoints
import Files
public import Machine

/// The weights of a GPT-2 model in a Hugging Face folder: `config.json` and `model.safetensors`,
/// with or without the `transformer.` prefix.
public struct ModelFile {
  /// The sizes.
  public let config: GPT2Config
  /// The tensors.
  public let table: ParameterTable
  /// The folder.
  public let checkpoint: CheckpointDirectory
  /// Notices for the user, a line each.
  public let notices: [String]
  private let tensors: SafetensorsFile
  private let prefix: String
  private static let prefixed = "transformer."

  /// Opens a folder and checks that the tensors are those of the configuration: none missing, none
  /// of another shape, none unknown.
  /// - Throws: ``CheckpointError`` naming file, tensor, expected and found.
  public init(_ checkpoint: CheckpointDirectory) throws(CheckpointError) {
    for pickle in ["pytorch_model.bin", "ckpt.pt"]
    where !checkpoint.contains("model.safetensors") && checkpoint.contains(pickle) {
      throw .invalid(
        file: "\(checkpoint.path)/\(pickle)", place: "format",
        expected: "model.safetensors (convert it: python -c \"from transformers import "
          + "AutoModelForCausalLM as A; A.from_pretrained('\(checkpoint.path)')"
          + ".save_pretrained('OUT')\")",
        found: "a PyTorch pickle, which can run code and is not read")
    }
    self.checkpoint = checkpoint
    let json = try checkpoint.json(of: "config.json")
    config = try GPT2Config(huggingFace: json, file: "\(checkpoint.path)/config.json")
    table = ParameterTable(config)
    tensors = try checkpoint.tensors(of: "model.safetensors")
    notices = GPT2Config.ignoredDropout(in: json).map {
      "\(checkpoint.path)/config.json: \($0) is ignored: sophia-rt has no dropout"
    }
    prefix = tensors[Self.prefixed + "wte.weight"] == nil ? "" : Self.prefixed
    try check()
  }

  /// Reads one tensor. - values: as many floats as the entry has.
  public func read(
    _ entry: ParameterTable.Entry, into values: UnsafeMutableBufferPointer<Float>
  ) throws(CheckpointError) {
    guard let stored = tensors[name(entry)] else { throw missing(entry) }
    try tensors.read(stored, into: values)
  }

  /// Reads all tensors into an arena of the table's size.
  public func read(into arena: Arena) throws(CheckpointError) {
    for entry in table.entries {
      try read(entry, into: arena.view(entry.offset, count: entry.count).buffer)
    }
  }

  private func name(_ entry: ParameterTable.Entry) -> String {
    prefix + entry.name.dropFirst(Self.prefixed.count)
  }

  private func missing(_ entry: ParameterTable.Entry) -> CheckpointError {
    .invalid(
      file: tensors.path, place: "tensors", expected: "\(name(entry)) \(entry.shape)",
      found: "no such tensor")
  }

  private func check() throws(CheckpointError) {
    var known: Set<[UInt8]> = []
    for entry in table.entries {
      guard let stored = tensors[name(entry)] else { throw missing(entry) }
      guard stored.shape == entry.shape else {
        throw .invalid(
          file: tensors.path, place: "tensor \(stored.name)",
          expected: "shape \(entry.shape) as config.json says", found: "\(stored.shape)")
      }
      known.insert(Array(stored.name.utf8))
    }
    for stored in tensors.entries where !known.contains(Array(stored.name.utf8)) {
      if isBuffer(stored.name) { continue }
      guard stored.name == "lm_head.weight" else {
        throw .invalid(
          file: tensors.path, place: "tensor \(stored.name)", expected: "a tensor of GPT-2",
          found: "an unknown name")
      }
      guard stored.shape == table.entries[0].shape else {
        throw .invalid(
          file: tensors.path, place: "tensor lm_head.weight",
          expected: "shape \(table.entries[0].shape), tied to wte", found: "\(stored.shape)")
      }
    }
  }

  /// Old files carry the causal mask as a tensor.
  private func isBuffer(_ name: String) -> Bool {
    name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias")
  }
}

extension ParameterTable {
  /// The tensors of an arena laid out by this table, for a safetensors file.
  /// - prefix: goes before each name ("" for weights, "m." for a state).
  public func tensors(_ arena: Arena, prefix: String = "") -> [NamedTensor] {
    entries.map {
      NamedTensor(
        name: prefix + $0.name, shape: $0.shape,
        values: UnsafeBufferPointer(arena.view($0.offset, count: $0.count).buffer))
    }
  }
}
