import Files

/// The tensors of a model on disk: those of one safetensors file, or of several with an index.
public struct StoredTensors: Sendable {
  /// The path of the file that says which tensors there are: the one file, or the index.
  public let path: String

  private let files: [SafetensorsFile]

  /// The tensors of one file.
  init(_ file: SafetensorsFile) { (path, files) = (file.path, [file]) }

  /// The tensors of the shards of an index, which have to be those that it lists.
  init(_ index: ShardIndex, _ files: [SafetensorsFile]) throws(CheckpointError) {
    try index.check(files)
    (path, self.files) = (index.path, files)
  }

  /// All of them, a file after another, in the order of their bytes.
  public var all: [StoredTensor] {
    files.flatMap { file in file.entries.map { StoredTensor(entry: $0, file: file) } }
  }

  /// The tensor of that name, if there is one.
  public subscript(name: String) -> StoredTensor? {
    for file in files {
      if let entry = file[name] { return StoredTensor(entry: entry, file: file) }
    }
    return nil
  }
}

/// A tensor and the file that it is in.
public struct StoredTensor: Sendable {
  /// Its name, type and shape.
  public let entry: SafetensorsEntry
  /// Its file, open.
  public let file: SafetensorsFile

  /// Reads elements as floats. See ``SafetensorsFile/read(_:elements:into:allowingNonFinite:)``.
  /// - elements: which, in row-major order; all if `nil`
  /// - values: as many floats
  /// - Throws: `.invalid` for another type than F32, F64, F16 and BF16, `.nonFinite`, `.file`
  public func read(
    elements: Range<Int>? = nil, into values: UnsafeMutableBufferPointer<Float>
  ) throws(CheckpointError) {
    try file.read(entry, elements: elements, into: values)
  }

  /// An error about this tensor.
  public func invalid(expected: String, found: String) -> CheckpointError {
    .invalid(file: file.path, place: "tensor \(entry.name)", expected: expected, found: found)
  }
}

extension CheckpointDirectory {
  /// The tensors of `STEM.safetensors` or, where there is none, of the shards that
  /// `STEM.safetensors.index.json` lists: so `transformers` looks for them too.
  /// - Throws: `.pickle` if there are only PyTorch's files; `.invalid` if there is nothing, or the
  ///   index and its shards disagree; `.json`, `.file`
  public func storedTensors(_ stem: String = "model") throws(CheckpointError) -> StoredTensors {
    let (whole, indexed) = ("\(stem).safetensors", "\(stem).safetensors.index.json")
    if contains(whole) { return StoredTensors(try tensors(of: whole)) }
    guard contains(indexed) else {
      try refusePickles()
      throw .invalid(
        file: path, place: "weights", expected: "\(whole), or \(indexed) and its shards",
        found: "neither")
    }
    let index = try ShardIndex(json: json(of: indexed), path: "\(path)/\(indexed)")
    var files: [SafetensorsFile] = []
    for shard in index.shards { files.append(try tensors(of: shard)) }
    return try StoredTensors(index, files)
  }

  /// Refuses PyTorch's files by name: they are programs, and are not read.
  /// - Throws: `.pickle`
  public func refusePickles() throws(CheckpointError) {
    for name in Pickle.names where contains(name) { throw .pickle(path: "\(path)/\(name)") }
  }
}
