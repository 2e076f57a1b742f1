import CZstd

/// Decompresses a zstd file as it is read: one frame or several. Memory is bounded by the window
/// (at most 128 MiB, zstd's own default limit) whatever the file says of its size.
final class ZstdInput: ByteInput {
  private let compressed: any ByteInput
  private let stream: OpaquePointer
  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = 0
  private var used = 0
  private var isAtEnd = false
  /// Whether the last byte read ended a frame.
  private var isBetweenFrames = true
  private var offset = 0

  /// Decompresses `compressed`. Throws ``DatasetError`` if there is no memory for it.
  init(_ compressed: any ByteInput) throws(DatasetError) {
    guard let stream = ZSTD_createDStream() else {
      throw DatasetError(.system, at: compressed.path, "no memory to decompress it")
    }
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27)
    self.compressed = compressed
    self.stream = stream
    buffer = .allocate(byteCount: ZSTD_DStreamInSize(), alignment: 64)
  }

  deinit {
    ZSTD_freeDStream(stream)
    buffer.deallocate()
  }

  var path: String { compressed.path }

  func read(into out: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var output = ZSTD_outBuffer(dst: out.baseAddress, size: out.count, pos: 0)
    while output.pos == 0 {
      if used == filled && !isAtEnd {
        (used, filled) = (0, try compressed.read(into: buffer))
        isAtEnd = filled == 0
        offset += filled
      }
      if isAtEnd && isBetweenFrames { return 0 }
      var input = ZSTD_inBuffer(src: buffer.baseAddress, size: filled, pos: used)
      let state = ZSTD_decompressStream(stream, &output, &input)
      guard ZSTD_isError(state) == 0 else { throw failure(state) }
      let progressed = input.pos > used || output.pos > 0
      used = input.pos
      isBetweenFrames = state == 0
      if isAtEnd && !progressed && !isBetweenFrames {
        throw DatasetError(
          .truncated, at: path,
          "expected the end of the zstd frame, found the end of the file after \(offset) bytes: the file is cut off; fetch or compress it again"
        )
      }
    }
    return output.pos
  }

  private func failure(_ state: Int) -> DatasetError {
    let place = "near compressed byte \(offset - filled + used)"
    // An error is the negated code; zstd_errors.h promises these numbers and is not in older
    // zstd.h.
    switch 0 &- state {
    case 10:  // ZSTD_error_prefix_unknown
      return DatasetError(.malformed, at: path, "expected zstd data, found something else \(place)")
    case 16:  // ZSTD_error_frameParameter_windowTooLarge
      return DatasetError(
        .malformed, at: path,
        "needs a zstd window of more than 128 MiB: compress it without --long, or with --long=27")
    default:
      return DatasetError(
        .malformed, at: path,
        "the zstd data is damaged \(place): \(String(cString: ZSTD_getErrorName(state)))")
    }
  }
}
