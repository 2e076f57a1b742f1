import Files

/// What `model.safetensors.index.json` says: in which shard each tensor is. `transformers` writes one
/// beside the shards of a model larger than `max_shard_size`; its `metadata` is for people, and is
/// not read here, as it is not there.
struct ShardIndex {
  /// The path of the index.
  let path: String
  /// The names of the shards, each once, sorted by bytes.
  let shards: [String]
  /// The tensors in the order of the index, and the place of each one's shard in `shards`.
  let tensors: [(name: String, shard: Int)]

  /// Reads an index.
  /// - Throws: `.invalid` unless it has a `weight_map` that gives each tensor the name of a
  ///   safetensors file, without a directory
  init(json: JSON, path: String) throws(CheckpointError) {
    guard let map = json["weight_map"]?.objectValue, !map.isEmpty else {
      throw .invalid(
        file: path, place: "weight_map", expected: "an object with a file for each tensor",
        found: json["weight_map"].map { $0 == [:] ? "an empty one" : $0.kind } ?? "nothing")
    }
    var names: [[UInt8]: String] = [:]
    var listed: [(tensor: String, shard: [UInt8])] = []
    for member in map {
      guard let name = member.value.stringValue, isFileName(name), name.hasSuffix(".safetensors")
      else {
        throw .invalid(
          file: path, place: "weight_map, tensor \(member.key.onOneLine)",
          expected: "the name of a .safetensors file in this folder",
          found: member.value.stringValue ?? member.value.kind)
      }
      names[Array(name.utf8)] = name
      listed.append((member.key, Array(name.utf8)))
    }
    let sorted = names.keys.sorted { $0.lexicographicallyPrecedes($1) }
    let places = Dictionary(
      sorted.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
    self.path = path
    shards = sorted.compactMap { names[$0] }
    tensors = listed.map { ($0.tensor, places[$0.shard] ?? 0) }
  }

  /// Checks that each tensor is in its shard and in no other, and that the shards have no tensor
  /// besides.
  /// - files: the shards, open, in the order of `shards`
  func check(_ files: [SafetensorsFile]) throws(CheckpointError) {
    precondition(files.count == shards.count, "\(path): \(files.count) of \(shards.count) shards")
    var listed: [[UInt8]: Int] = [:]
    for tensor in tensors { listed[Array(tensor.name.utf8)] = tensor.shard }
    for (number, file) in files.enumerated() {
      for entry in file.entries {
        guard let shard = listed[Array(entry.name.utf8)] else {
          throw .invalid(
            file: file.path, place: "tensor \(entry.name)",
            expected: "a tensor that the index lists", found: "an unlisted one")
        }
        guard shard == number else {
          throw .invalid(
            file: file.path, place: "tensor \(entry.name)",
            expected: "it in \(shards[shard].onOneLine) alone, as the index says",
            found: "it here")
        }
      }
    }
    for tensor in tensors where files[tensor.shard][tensor.name] == nil {
      throw .invalid(
        file: path, place: "weight_map, tensor \(tensor.name.onOneLine)",
        expected: "a tensor of \(shards[tensor.shard].onOneLine)", found: "no such tensor there")
    }
  }
}
