internal import CSupport

/// Copies operands into the order in which the register tile reads them.
enum Packing {
  /// Packs a panel, or several neighbours one after another:
  /// `destination[p * width + i] = source(i, p)` for i < valid, zero for the rest.
  /// - source: element (i, p), i the index inside the panels, p the index along the depth.
  /// - valid: of all panels.
  static func pack(
    _ source: Matrix, panels: Int = 1, width: Int, valid: Int, depth: Int,
    into destination: UnsafeMutablePointer<Float>
  ) {
    let whole = source.rowStride == 1 ? valid / width : 0
    if width % 16 == 0 {
      copy(SIMD16<Float>.self, source, panels: whole, width: width, depth: depth, into: destination)
    } else if width % 4 == 0 {
      copy(SIMD4<Float>.self, source, panels: whole, width: width, depth: depth, into: destination)
    } else {
      copy(SIMD2<Float>.self, source, panels: whole, width: width, depth: depth, into: destination)
    }
    for panel in whole..<panels {
      let (left, to) = (valid - panel * width, destination + panel * width * depth)
      let from = source.from(panel * width, 0)
      if source.rowStride == 1 {
        packContiguous(
          from.base, step: source.columnStride, width: width, valid: left, depth: depth, into: to)
      } else {
        packTransposing(
          from.base, ld: source.rowStride, width: width, valid: min(width, left), depth: depth,
          rowsAhead: max(0, min(width, left - width)), into: to)
      }
    }
  }

  /// The panel's index is contiguous in the source, and the panel not whole.
  private static func packContiguous(
    _ source: UnsafePointer<Float>, step: Int, width: Int, valid: Int, depth: Int,
    into destination: UnsafeMutablePointer<Float>
  ) {
    for p in 0..<depth {
      let (from, to) = (source + p * step, destination + p * width)
      for i in 0..<valid { to[i] = from[i] }
      for i in valid..<width { to[i] = 0 }
    }
  }

  /// Whole panels, all of them a step at a time, so that memory is read in longer stretches; by
  /// vectors whose lanes divide `width`, of which there is one that is even.
  @inline(__always)
  private static func copy<V: SIMD>(
    _: V.Type, _ source: Matrix, panels: Int, width: Int, depth: Int,
    into destination: UnsafeMutablePointer<Float>
  ) {
    if panels == 0 { return }
    let rowBytes = width * MemoryLayout<Float>.stride
    for p in 0..<depth {
      var from = UnsafeRawPointer(source.base + p * source.columnStride)
      var to = UnsafeMutableRawPointer(destination + p * width)
      for _ in 0..<panels {
        for at in stride(from: 0, to: rowBytes, by: MemoryLayout<V>.size) {
          to.storeBytes(
            of: from.loadUnaligned(fromByteOffset: at, as: V.self), toByteOffset: at, as: V.self)
        }
        from += rowBytes
        to += rowBytes * depth
      }
    }
  }

  /// The depth is contiguous in the source: 16 steps of four rows at a time, transposed in registers;
  /// what is left over one float at a time. The rows to come are asked for in the order in which they
  /// lie, which memory answers faster than steps of a row.
  private static func packTransposing(
    _ source: UnsafePointer<Float>, ld: Int, width: Int, valid: Int, depth: Int, rowsAhead: Int,
    into destination: UnsafeMutablePointer<Float>
  ) {
    var ahead = Ahead(source + valid * ld, rows: rowsAhead, count: depth, ld: ld)
    var p = 0
    while p + 16 <= depth {
      let (from, to) = (source + p, destination + p * width)
      var i = 0
      while i + 4 <= valid {
        for _ in 0..<4 { ahead.askForOne() }
        cs_transpose_4x16(from + i * ld, Int64(ld), to + i, Int64(width))
        i += 4
      }
      if i < valid && valid >= 4 {
        // The last four rows again: what overlaps is written twice with the same values.
        cs_transpose_4x16(from + (valid - 4) * ld, Int64(ld), to + valid - 4, Int64(width))
        i = valid
      }
      for i in i..<max(i, valid) { for q in 0..<16 { to[q * width + i] = from[i * ld + q] } }
      for q in 0..<16 { for i in valid..<width { to[q * width + i] = 0 } }
      p += 16
    }
    for p in p..<max(p, depth) {
      let to = destination + p * width
      for i in 0..<valid { to[i] = source[i * ld + p] }
      for i in valid..<width { to[i] = 0 }
    }
  }
}
