public import Files

/// A tensor to be written into a GGUF file: what is said of it, and a function that gives its
/// numbers when they are wanted.
public struct GGUFTensor {
  /// Its name.
  public let name: String
  /// Its dimensions, as in safetensors: the last is the length of a row.
  public let shape: [Int]
  /// How its numbers are stored.
  public let type: GGUFType
  /// Fills a buffer with its numbers, in row-major order.
  let read: (UnsafeMutableBufferPointer<Float>) throws(CheckpointError) -> Void

  /// A tensor; its rows are a multiple of the type's block.
  public init(
    name: String, shape: [Int], type: GGUFType,
    read: @escaping (UnsafeMutableBufferPointer<Float>) throws(CheckpointError) -> Void
  ) {
    precondition(
      !shape.isEmpty && shape.count <= 4 && shape[shape.count - 1] % type.blockSize == 0,
      "\(name): shape \(shape) as \(type)")
    (self.name, self.shape, self.type, self.read) = (name, shape, type, read)
  }

  /// How many numbers it has.
  var count: Int { shape.reduce(1, *) }
  /// Bytes of its numbers in the file.
  var byteCount: Int { count / type.blockSize * type.blockBytes }
}

/// Writes GGUF files, the format of llama.cpp: names, shapes, numbers and metadata; it knows no
/// model. Of the tensors one at a time is in memory.
public enum GGUFWriter {
  /// Writes a file aside, syncs it and gives it its name; a file of that name is replaced. Returns
  /// its length in bytes. After an error nothing is left of it.
  /// - tensors: in the order of their data; names differ
  /// - progress: called before each tensor with the bytes written and those of the whole file; false
  ///   stops
  /// - Throws: `.nonFinite`; `.invalid` for a number too large for its type; `.stopped`; `.noMemory`;
  ///   `.file`;
  ///   what reading a tensor throws
  @discardableResult
  public static func write(
    _ tensors: [GGUFTensor], metadata: [GGUFMember], to path: String,
    files: any FileSystem = LocalFileSystem(),
    progress: (_ written: Int, _ size: Int) -> Bool = { _, _ in true }
  ) throws(CheckpointError) -> Int {
    let header = GGUFHeader(tensors, metadata: metadata)
    let size = tensors.reduce(header.bytes.count) { $0 + GGUFHeader.aligned($1.byteCount) }
    let aside = try onDisk { () throws(FileError) in try FileAside(for: path, files) }
    do throws(CheckpointError) {
      _ = try ChecksummedFile.write(to: aside.file, size: size, files) {
        (file) throws(CheckpointError) in
        try file.write(header.bytes)
        let encoder = try GGUFEncoder(largest: tensors.map(\.count).max() ?? 0, path: path)
        for tensor in tensors {
          guard progress(file.length, size) else { throw .stopped(path: path) }
          try encoder.write(tensor, to: &file)
        }
      }
      try onDisk { () throws(FileError) in try aside.publish() }
    } catch {
      aside.abandon()
      throw error
    }
    return size
  }
}

/// Room for one tensor and for a part of it as it is stored.
private final class GGUFEncoder {
  /// Numbers encoded before they are written: a multiple of every block.
  private static let chunk = 1 << 18
  private let path: String
  private let room: TensorRoom
  private let bytes: UnsafeMutableRawBufferPointer

  /// - largest: numbers of the largest tensor. Throws `.noMemory`.
  init(largest: Int, path: String) throws(CheckpointError) {
    self.path = path
    room = try TensorRoom(count: largest)
    bytes = .allocate(byteCount: 4 * min(Self.chunk, largest), alignment: 64)
  }

  deinit { bytes.deallocate() }

  /// Writes a tensor and zeros up to the alignment.
  func write(_ tensor: GGUFTensor, to file: inout ChecksummedFile) throws(CheckpointError) {
    let values = UnsafeMutableBufferPointer(rebasing: room.values[..<tensor.count])
    try tensor.read(values)
    for start in stride(from: 0, to: values.count, by: Self.chunk) {
      let part = UnsafeBufferPointer(
        rebasing: values[start..<min(start + Self.chunk, values.count)])
      try check(part, from: start, of: tensor)
      let stored = part.count / tensor.type.blockSize * tensor.type.blockBytes
      let encoded = UnsafeMutableRawBufferPointer(rebasing: bytes[..<stored])
      tensor.type.encode(part, into: encoded)
      try file.write(UnsafeRawBufferPointer(encoded))
    }
    let padding = GGUFHeader.aligned(tensor.byteCount) - tensor.byteCount
    try file.write([UInt8](repeating: 0, count: padding))
  }

  private func check(
    _ part: UnsafeBufferPointer<Float>, from start: Int, of tensor: GGUFTensor
  ) throws(CheckpointError) {
    if let index = firstNonFinite(part) {
      throw .nonFinite(
        file: path, tensor: tensor.name, index: start + index, value: part[index])
    }
    guard tensor.type != .f32, let index = part.firstIndex(where: { abs($0) > tensor.type.largest })
    else { return }
    throw .invalid(
      file: path, place: "tensor \(tensor.name)",
      expected: "numbers up to \(tensor.type.largest) for \(tensor.type)",
      found: "\(part[index]) at element \(start + index)")
  }
}
