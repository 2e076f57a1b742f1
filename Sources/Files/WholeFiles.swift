import Glibc

extension FileSystem {
  /// Opens a file, hands it to `body` and closes it. Where `body` throws, its error is the one
  /// thrown.
  public func withFile<Result>(
    _ path: String, _ mode: OpenMode, in directory: OpenFile? = nil,
    _ body: (OpenFile) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    let file = try open(path, mode, in: directory)
    let result: Result
    do throws(FileError) {
      result = try body(file)
    } catch {
      try? close(file)
      throw error
    }
    try close(file)
    return result
  }

  /// The bytes of a file. Refuses, without reading them, a file of more than `limit` bytes; with
  /// the default `mode` also whatever is not a regular file.
  public func readBytes(
    _ path: String, limit: Int, mode: OpenMode = .readRegular, in directory: OpenFile? = nil
  ) throws(FileError) -> [UInt8] {
    try withFile(path, mode, in: directory) { file throws(FileError) in
      try readBytes(file, limit: limit, fromStart: false)
    }
  }

  /// The bytes of an open file, from its start or, what pipes need, from the current position. Refuses,
  /// without reading them, a file of more than `limit` bytes.
  public func readBytes(
    _ file: OpenFile, limit: Int, fromStart: Bool = true
  ) throws(FileError) -> [UInt8] {
    let size = try status(file).size
    var bytes: [UInt8] = []
    if size <= limit { bytes.reserveCapacity(size) }
    // A pipe has no size.
    let piece = size > 0 ? Swift.min(size, 1 << 20) : 1 << 16
    var chunk = [UInt8](repeating: 0, count: piece)
    var isTooLarge = size > limit
    while !isTooLarge {
      let count = try read(file, into: &chunk, at: fromStart ? bytes.count : nil)
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
      isTooLarge = bytes.count > limit
    }
    guard !isTooLarge else {
      throw FileError(
        operation: "read", path: file.path, code: EFBIG,
        detail: "it has \(Swift.max(size, bytes.count)) bytes; at most \(limit) are read here")
    }
    return bytes
  }

  /// The CRC-32C of an open file, read from its start.
  /// - continuing: of the bytes before it
  public func checksum(of file: OpenFile, continuing crc: UInt32 = 0) throws(FileError) -> UInt32 {
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var (crc32c, offset) = (crc, 0)
    while true {
      let count = try read(file, into: &chunk, at: offset)
      if count == 0 { return crc32c }
      offset += count
      crc32c = chunk.withUnsafeBytes {
        CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<count]), continuing: crc32c)
      }
    }
  }

  /// Reads from `offset`, or at the current position, into an array. Returns the number of bytes; 0 is the
  /// end.
  public func read(
    _ file: OpenFile, into chunk: inout [UInt8], at offset: Int? = nil
  ) throws(FileError) -> Int {
    let result = chunk.withUnsafeMutableBytes { buffer in
      Swift.Result { () throws(FileError) in try read(file, into: buffer, at: offset) }
    }
    return try result.get()
  }

  /// Fills `buffer` with the bytes from `offset`. A file that ends before is an error.
  public func readExactly(
    _ file: OpenFile, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = try read(file, into: rest, at: offset + done)
      guard count > 0 else {
        throw FileError(
          operation: "read", path: file.path,
          detail: "the file ends at byte \(offset + done); \(buffer.count - done) more expected")
      }
      done += count
    }
  }

  /// The `count` bytes from `offset`. A file that ends before is an error.
  public func readExactly(
    _ file: OpenFile, count: Int, at offset: Int
  ) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(FileError) in try readExactly(file, into: buffer, at: offset) }
    }
    try result.get()
    return bytes
  }

  /// Writes all of `bytes` from `offset` on, or at the current position, in as many calls as it takes.
  public func writeAll(
    _ bytes: UnsafeRawBufferPointer, to file: OpenFile, at offset: Int? = nil
  ) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count =
        if let offset { try write(rest, to: file, at: offset + done) } else {
          try write(rest, to: file)
        }
      guard count > 0 else { throw FileError(operation: "write", path: file.path, code: EIO) }
      done += count
    }
  }

  /// Writes all of `bytes` from `offset` on, or at the current position, in as many calls as it takes.
  public func writeAll(
    _ bytes: [UInt8], to file: OpenFile, at offset: Int? = nil
  ) throws(FileError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try writeAll(bytes, to: file, at: offset) }
    }
    try result.get()
  }

  /// Writes a file that is, after a crash at any moment, either the old one or the new one: aside,
  /// synced, renamed, the directory synced.
  public func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileError) {
    let aside = try FileAside(for: path, self)
    do throws(FileError) {
      try writeAll(bytes, to: aside.file)
      try aside.publish()
    } catch {
      aside.abandon()
      throw error
    }
  }

  /// Adds `bytes` to the end of a file, which is made if there is none.
  public func append(_ bytes: [UInt8], to path: String) throws(FileError) {
    try withFile(path, .append) { file throws(FileError) in try writeAll(bytes, to: file) }
  }
}
