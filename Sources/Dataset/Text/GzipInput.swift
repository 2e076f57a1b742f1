import CZlib

/// Decompresses a gzip file (RFC 1952) as it is read: one member or several, as `cat` joins them, and
/// zeros behind the last one, as tapes pad them. zlib checks length and CRC-32 of each member.
final class GzipInput: ByteInput {
  private let compressed: any ByteInput
  /// zlib keeps its address, so it does not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let buffer: UnsafeMutableRawBufferPointer
  private var isAtEnd = false
  private var isBetweenMembers = true
  private var members = 0
  private var offset = 0

  /// Decompresses `compressed`. Throws ``DatasetError`` if there is no memory for it.
  init(_ compressed: any ByteInput) throws(DatasetError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15: the largest window; 16: gzip and nothing else.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      stream.deallocate()
      throw DatasetError(.system, at: compressed.path, "no memory to decompress it")
    }
    self.compressed = compressed
    buffer = .allocate(byteCount: 1 << 17, alignment: 64)
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    buffer.deallocate()
  }

  var path: String { compressed.path }

  func read(into out: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    let room = min(out.count, 1 << 30)
    stream.pointee.next_out = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(room)
    while stream.pointee.avail_out == room {
      try refill()
      if isBetweenMembers && !beginMember() {
        if isAtEnd { return 0 }
        continue
      }
      if isAtEnd && stream.pointee.avail_in == 0 { throw cutOff() }
      switch inflate(stream, Z_NO_FLUSH) {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END: isBetweenMembers = true
      default: throw damaged()
      }
    }
    return room - Int(stream.pointee.avail_out)
  }

  /// Reads more of the file if all of it was taken.
  private func refill() throws(DatasetError) {
    if stream.pointee.avail_in > 0 || isAtEnd { return }
    let count = try compressed.read(into: buffer)
    stream.pointee.next_in = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(count)
    isAtEnd = count == 0
    offset += count
  }

  /// Begins the next member; false if there is no byte of one yet.
  private func beginMember() -> Bool {
    while members > 0, stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
      stream.pointee.next_in += 1
      stream.pointee.avail_in -= 1
    }
    guard stream.pointee.avail_in > 0 else { return false }
    inflateReset(stream)
    members += 1
    isBetweenMembers = false
    return true
  }

  private func cutOff() -> DatasetError {
    DatasetError(
      .truncated, at: path,
      "expected the end of the gzip data, found the end of the file after \(offset) bytes: the file is cut off; fetch or compress it again"
    )
  }

  private func damaged() -> DatasetError {
    let place = "near compressed byte \(offset - Int(stream.pointee.avail_in))"
    let said = stream.pointee.msg.map { String(cString: $0) } ?? "no reason given"
    return DatasetError(
      .malformed, at: path,
      said == "incorrect header check"
        ? "expected gzip data, found something else \(place)"
        : "the gzip data is damaged \(place): \(said)")
  }
}
