public import Checkpoints
import Files
public import Machine

/// The weights of a GPT-2 model in a Hugging Face folder: `config.json` and `model.safetensors`, or
/// its shards and their index, with or without the `transformer.` prefix, and what torch.compile,
/// DataParallel and other wrappers put before it.
///
/// Tensors beside the language model, such as the heads of classifiers and of reinforcement learning,
/// are left out.
///
/// The head is tied to the token embedding, unless the configuration says that it is not. A stored `lm_head.weight` is what `transformers` makes of
/// it: it stands in for a `wte.weight` that is not stored, it changes nothing if it is equal to the
/// stored one, and a different one contradicts the configuration.
public struct ModelFile {
  /// The sizes.
  public let config: GPT2Config
  /// The tensors.
  public let table: ParameterTable
  /// The folder.
  public let checkpoint: CheckpointDirectory
  /// Keys of dropout in its `config.json` that are not 0; they matter where it is trained further.
  public let ignoredDropout: [String]
  /// Names of the tensors that are no part of the language model, in the order of the file.
  public let leftOut: [String]
  private let tensors: StoredTensors
  private let prefix: String
  private static let prefixed = "transformer."
  /// The name of a head of its own: beside the model, behind the same wrappers.
  private var head: String { Self.wrappers(in: prefix) + "lm_head.weight" }

  /// Opens a folder and checks that the tensors are those of the configuration: none missing, none
  /// of another shape, none of its names unknown.
  /// - Throws: ``CheckpointError`` naming file, tensor, expected and found.
  public init(_ checkpoint: CheckpointDirectory) throws(CheckpointError) {
    // nanoGPT's folders have no configuration; where there is one, it says first what is wrong.
    if !checkpoint.contains("config.json") { try checkpoint.refusePickles() }
    self.checkpoint = checkpoint
    let json = try checkpoint.json(of: "config.json")
    config = try GPT2Config(huggingFace: json, file: "\(checkpoint.path)/config.json")
    let table = ParameterTable(config)
    let tensors = try checkpoint.storedTensors("model")
    ignoredDropout = GPT2Config.ignoredDropout(in: json)
    (self.table, self.tensors) = (table, tensors)
    prefix = Self.prefix(tensors, table)
    leftOut = tensors.all.map(\.entry.name).filter(Self.isBesideTheModel)
    try check()
  }

  /// The prefix under which most of the names are there: `transformer.`, nothing, or what stands
  /// before a position embedding.
  private static func prefix(_ tensors: StoredTensors, _ table: ParameterTable) -> String {
    let position = "wpe.weight"
    let found = tensors.all.map(\.entry.name).filter {
      $0 == position || $0.hasSuffix(".\(position)")
    }
    let prefixes = [prefixed, ""] + found.map { String($0.dropLast(position.count)) }
    // The first of several that match as well.
    return prefixes.map { (prefix: $0, matches: matches($0, tensors, table)) }
      .reduce((prefix: prefixed, matches: 0)) { $1.matches > $0.matches ? $1 : $0 }.prefix
  }

  /// Whether a tensor is no part of GPT-2 nor changes it: none of the names of its parts is in its
  /// own, and it is none of an adapter.
  private static func isBesideTheModel(_ name: String) -> Bool {
    !name.split(separator: ".").contains { part in
      ["transformer", "wte", "wpe", "h", "ln_f", "lm_head"].contains(part)
        || part.hasPrefix("lora_")
    }
  }

  /// A notice of the tensors that are left out, for the user; nil if there is none.
  public var notice: String? {
    guard !leftOut.isEmpty else { return nil }
    let more = leftOut.count > 3 ? " and \(leftOut.count - 3) more" : ""
    return
      "\(tensors.path.onOneLine): left out \(leftOut.prefix(3).map(\.onOneLine).joined(separator: ", "))\(more): "
      + "no part of the language model"
  }

  /// Reads one tensor, or some of its elements in row-major order; several threads may read at once.
  /// - values: as many floats.
  public func read(
    _ entry: ParameterTable.Entry, elements: Range<Int>? = nil,
    into values: UnsafeMutableBufferPointer<Float>
  ) throws(CheckpointError) {
    try stored(entry).read(elements: elements, into: values)
  }

  /// Reads all tensors into an arena of the table's size.
  public func read(into arena: Arena) throws(CheckpointError) {
    for entry in table.entries {
      try read(entry, into: arena.view(entry.offset, count: entry.count).buffer)
    }
  }

  private static func name(_ entry: ParameterTable.Entry, _ prefix: String) -> String {
    entry.name.hasPrefix(prefixed)
      ? prefix + entry.name.dropFirst(prefixed.count) : wrappers(in: prefix) + entry.name
  }

  /// A prefix without `transformer.`: what wrappers put before every name.
  private static func wrappers(in prefix: String) -> Substring {
    prefix.hasSuffix(prefixed) ? prefix.dropLast(prefixed.count) : prefix[...]
  }

  private static func matches(
    _ prefix: String, _ tensors: StoredTensors, _ table: ParameterTable
  ) -> Int {
    table.entries.count { tensors[name($0, prefix)] != nil }
  }

  /// The tensor of an entry; for `wte.weight` the head, if that alone is stored.
  private func stored(_ entry: ParameterTable.Entry) throws(CheckpointError) -> StoredTensor {
    let name = Self.name(entry, prefix)
    if let tensor = tensors[name] { return tensor }
    if config.tiesHead, entry == table.tensors.wte, let head = tensors[head] { return head }
    throw .invalid(
      file: tensors.path, place: "tensors", expected: "\(name) \(entry.shape)",
      found: "no such tensor" + (tensors.all.first.map { ", but such as \($0.entry.name)" } ?? ""))
  }

  private func check() throws(CheckpointError) {
    var known: Set<[UInt8]> = []
    for entry in table.entries {
      let tensor = try stored(entry)
      guard tensor.entry.shape == entry.shape else {
        throw tensor.invalid(
          expected: "shape \(entry.shape) as config.json says", found: "\(tensor.entry.shape)")
      }
      known.insert(Array(tensor.entry.name.utf8))
    }
    for tensor in tensors.all where !known.contains(Array(tensor.entry.name.utf8)) {
      let name = tensor.entry.name
      if isBuffer(name) || Self.isBesideTheModel(name) { continue }
      guard name == head else {
        throw tensor.invalid(expected: "a tensor of GPT-2", found: "an unknown name")
      }
      try checkTied(tensor)
    }
  }

  /// Compares a head that is stored besides `wte.weight` with it, a block of rows at a time.
  private func checkTied(_ head: StoredTensor) throws(CheckpointError) {
    let embedding = try stored(table.tensors.wte)
    guard head.entry.shape == embedding.entry.shape else {
      throw head.invalid(
        expected: "shape \(embedding.entry.shape), tied to wte", found: "\(head.entry.shape)")
    }
    let block = UnsafeMutableBufferPointer<Float>.allocate(
      capacity: 2 * min(1 << 18, head.entry.count))
    defer { block.deallocate() }
    for start in stride(from: 0, to: head.entry.count, by: block.count / 2) {
      let range = start..<min(start + block.count / 2, head.entry.count)
      let a = UnsafeMutableBufferPointer(rebasing: block[..<range.count])
      let b = UnsafeMutableBufferPointer(rebasing: block[range.count..<(2 * range.count)])
      try head.read(elements: range, into: a)
      try embedding.read(elements: range, into: b)
      if let at = a.indices.first(where: { a[$0] != b[$0] }) {
        throw head.invalid(
          expected:
            "the values of \(embedding.entry.name), as config.json does not say \"tie_word_embeddings\": false",
          found: "\(a[at]) instead of \(b[at]) at element \(start + at)")
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
  public func tensors(
    _ arena: Arena, prefix: String = "", where isHeld: (Entry) -> Bool = { _ in true }
  ) -> [NamedTensor] {
    entries.filter(isHeld).map {
      NamedTensor(
        name: prefix + $0.name, shape: $0.shape,
        values: UnsafeBufferPointer(arena.view($0.offset, count: $0.count).buffer))
    }
  }
}
