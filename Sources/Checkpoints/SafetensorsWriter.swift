public import Files

/// A tensor to be written: a name, dimensions, and where its floats are in memory.
public struct NamedTensor {
  /// Its name.
  public let name: String
  /// Its dimensions; none for a scalar.
  public let shape: [Int]
  /// Its elements in row-major order, valid until they are written.
  public let values: UnsafeBufferPointer<Float>

  /// A tensor; `values` has as many elements as the product of the dimensions.
  public init(name: String, shape: [Int], values: UnsafeBufferPointer<Float>) {
    precondition(
      shape.reduce(1, *) == values.count, "\(name): shape \(shape) of \(values.count) elements")
    (self.name, self.shape, self.values) = (name, shape, values)
  }
}

/// Writes safetensors files of F32 tensors straight from where the tensors are. The data begin at a
/// multiple of 64 bytes and follow in the order given.
public enum SafetensorsWriter {
  /// What `transformers` wants to find in a file's metadata.
  public static let metadata = [JSONMember("format", "pt")]

  /// The length of the file of these tensors, in bytes.
  public static func length(
    of tensors: [NamedTensor], metadata: [JSONMember] = SafetensorsWriter.metadata
  ) -> Int {
    header(tensors, metadata).count + tensors.reduce(0) { $0 + 4 * $1.values.count }
  }

  /// Writes a new file and syncs it. The names have to differ. Returns its length and the CRC-32C
  /// of its bytes.
  /// - directory: where `path` is looked for; the current one if `nil`
  /// - allowingNonFinite: whether NaN and infinity are let through
  /// - Throws: `.nonFinite`; `.file` after a failed call, among them that of an existing file. What
  ///   is written by then stays behind.
  @discardableResult
  public static func write(
    _ tensors: [NamedTensor], to path: String, in directory: OpenFile? = nil,
    metadata: [JSONMember] = SafetensorsWriter.metadata, allowingNonFinite: Bool = false,
    files: any FileSystem = LocalFileSystem()
  ) throws(CheckpointError) -> (length: Int, crc32c: UInt32) {
    let header = header(tensors, metadata)
    let size = header.count + tensors.reduce(0) { $0 + 4 * $1.values.count }
    return try ChecksummedFile.write(path, in: directory, size: size, files) {
      (output) throws(CheckpointError) in
      try output.write(header)
      for tensor in tensors {
        if !allowingNonFinite, let index = firstNonFinite(tensor.values) {
          throw .nonFinite(
            file: directory?.path(of: path) ?? path, tensor: tensor.name, index: index,
            value: tensor.values[index])
        }
        try output.write(UnsafeRawBufferPointer(tensor.values))
      }
    }
  }

  /// The 8 bytes of length and the JSON text, padded by spaces to a multiple of 64.
  private static func header(_ tensors: [NamedTensor], _ metadata: [JSONMember]) -> [UInt8] {
    var members = [JSONMember("__metadata__", .object(metadata))]
    var names: Set<[UInt8]> = [Array("__metadata__".utf8)]
    var offset = 0
    for tensor in tensors {
      precondition(
        names.insert(Array(tensor.name.utf8)).inserted, "\(tensor.name): name used twice")
      let end = offset + 4 * tensor.values.count
      let entry: JSON = [
        "dtype": "F32", "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      members.append(JSONMember(tensor.name, entry))
      offset = end
    }
    var text = JSON.object(members).serialized()
    while (8 + text.count) % 64 != 0 { text.append(0x20) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }
}
