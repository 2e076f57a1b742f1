public import Files

/// A safetensors file, open to be read; the header is checked when it is opened, so every entry
/// lies within the file. Reads by `pread`, not by a mapping, which a truncated file would turn into
/// SIGBUS; several threads may read at once.
public final class SafetensorsFile: Sendable {
  /// Its path.
  public let path: String
  /// The strings of its `__metadata__`.
  public let metadata: [JSONMember]
  /// Its tensors in the order of their bytes.
  public let entries: [SafetensorsEntry]

  private let held: HeldFile
  private let places: [[UInt8]: Int]

  /// Elements read between two looks at them, while they are in the cache.
  private static let chunk = 1 << 18

  /// Opens a file and checks its header.
  public convenience init(
    path: String, files: any FileSystem = LocalFileSystem()
  ) throws(CheckpointError) {
    try self.init(onDisk { () throws(FileError) in try HeldFile(path, .readRegular, files) })
  }

  /// Checks the header of an open file.
  init(_ held: HeldFile) throws(CheckpointError) {
    let header = try Self.header(of: held.file, held.files)
    (self.path, self.held) = (held.file.path, held)
    (metadata, entries) = (header.metadata, header.entries)
    places = Dictionary(
      entries.enumerated().map { (Array($0.element.name.utf8), $0.offset) },
      uniquingKeysWith: { a, _ in a })
  }

  /// The tensor of that name, if there is one.
  public subscript(name: String) -> SafetensorsEntry? {
    places[Array(name.utf8)].map { entries[$0] }
  }

  /// Reads elements of an F32, F64, F16 or BF16 tensor as floats; those of F64 are rounded.
  /// - elements: which, in row-major order; all if `nil`
  /// - values: as many floats
  /// - allowingNonFinite: whether NaN and infinity are let through
  /// - Throws: `.invalid` for another type, `.nonFinite`, `.file`
  public func read(
    _ entry: SafetensorsEntry, elements: Range<Int>? = nil,
    into values: UnsafeMutableBufferPointer<Float>, allowingNonFinite: Bool = false
  ) throws(CheckpointError) {
    let elements = elements ?? 0..<entry.count
    precondition(
      elements.lowerBound >= 0 && elements.upperBound <= entry.count
        && values.count == elements.count,
      "\(entry.name): elements \(elements) of \(entry.count) into \(values.count)")
    guard [.f64, .f32, .f16, .bf16].contains(entry.type) else {
      throw .invalid(
        file: path, place: "tensor \(entry.name)", expected: "F32, F64, F16 or BF16",
        found: entry.type.rawValue)
    }
    let size = entry.type.bitCount / 8
    let stored = UnsafeMutableRawBufferPointer.allocate(
      byteCount: entry.type == .f32 ? 0 : size * min(Self.chunk, elements.count), alignment: 64)
    defer { stored.deallocate() }
    for start in stride(from: 0, to: elements.count, by: Self.chunk) {
      let range = start..<min(start + Self.chunk, elements.count)
      let part = UnsafeMutableBufferPointer(rebasing: values[range])
      let offset = entry.range.lowerBound + (elements.lowerBound + start) * size
      if entry.type == .f32 {
        try readBytes(into: UnsafeMutableRawBufferPointer(part), at: offset)
      } else {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: stored[..<(size * range.count)])
        try readBytes(into: bytes, at: offset)
        switch entry.type {
        case .f64: roundF64(bytes.bindMemory(to: Double.self), to: part)
        case .f16: widenF16(bytes.bindMemory(to: UInt16.self), to: part)
        default: widenBF16(bytes.bindMemory(to: UInt16.self), to: part)
        }
      }
      if !allowingNonFinite, let index = firstNonFinite(UnsafeBufferPointer(part)) {
        throw .nonFinite(
          file: path, tensor: entry.name, index: elements.lowerBound + start + index,
          value: part[index])
      }
    }
  }

  /// The elements of an F32, F64, F16 or BF16 tensor as floats.
  public func floats(
    _ entry: SafetensorsEntry, allowingNonFinite: Bool = false
  ) throws(CheckpointError) -> [Float] {
    let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: entry.count)
    defer { values.deallocate() }
    try read(entry, into: values, allowingNonFinite: allowingNonFinite)
    return Array(values)
  }

  /// The bytes of a tensor as they are in the file, little-endian.
  public func bytes(_ entry: SafetensorsEntry) throws(CheckpointError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: entry.range.count, alignment: 64)
    defer { buffer.deallocate() }
    try readBytes(into: buffer, at: entry.range.lowerBound)
    return Array(buffer)
  }

  private func readBytes(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(CheckpointError) {
    try onDisk { () throws(FileError) in
      try held.files.readExactly(held.file, into: buffer, at: offset)
    }
  }

  /// In words what a file is that is plainly no safetensors file, by its first bytes.
  private static func otherKind(
    of file: OpenFile, size: Int, _ files: any FileSystem
  ) throws(CheckpointError) -> String? {
    let start = try onDisk { () throws(FileError) in
      try files.readExactly(file, count: min(64, size), at: 0)
    }
    if GitLFSPointer.begins(start) { return GitLFSPointer.meaning }
    if start.starts(with: "PK\u{3}\u{4}".utf8) {
      return "a zip archive, such as PyTorch's own files of weights: convert it to safetensors"
    }
    let isPage = ["<!doctype html", "<html"].contains {
      String(decoding: start.prefix($0.utf8.count), as: UTF8.self).lowercased() == $0
    }
    return isPage ? "a web page, such as the hub's answer to a download that failed" : nil
  }

  private static func header(
    of file: OpenFile, _ files: any FileSystem
  ) throws(CheckpointError) -> SafetensorsHeader {
    let size = try onDisk { () throws(FileError) in try files.status(file).size }
    let prefix = try onDisk { () throws(FileError) in
      try files.readExactly(file, count: min(8, size), at: 0)
    }
    if let kind = try otherKind(of: file, size: size, files) {
      throw .invalid(
        file: file.path, place: "start", expected: "a safetensors file", found: kind)
    }
    let length = try SafetensorsHeader.length(prefix: prefix, fileLength: size, file: file.path)
    let text = try onDisk { () throws(FileError) in
      try files.readExactly(file, count: length, at: 8)
    }
    return try SafetensorsHeader(parsing: text, fileLength: size, file: file.path)
  }
}

private func roundF64(
  _ numbers: UnsafeMutableBufferPointer<Double>, to values: UnsafeMutableBufferPointer<Float>
) {
  for index in numbers.indices { values[index] = Float(numbers[index]) }
}

private func widenF16(
  _ bits: UnsafeMutableBufferPointer<UInt16>, to values: UnsafeMutableBufferPointer<Float>
) {
  for index in bits.indices { values[index] = Float(Float16(bitPattern: bits[index])) }
}

private func widenBF16(
  _ bits: UnsafeMutableBufferPointer<UInt16>, to values: UnsafeMutableBufferPointer<Float>
) {
  for index in bits.indices { values[index] = Float(bitPattern: UInt32(bits[index]) << 16) }
}

/// The index of the first NaN or infinity.
func firstNonFinite(_ values: UnsafeBufferPointer<Float>) -> Int? {
  var most: UInt32 = 0
  for value in values { most = max(most, value.bitPattern & 0x7FFF_FFFF) }
  return most < 0x7F80_0000 ? nil : values.firstIndex { !$0.isFinite }
}
