internal import CSupport
public import Machine

/// How the numbers of a packed matrix are held. Products add up in fp32 with all of them.
public enum WeightPrecision: String, CaseIterable, Sendable {
  /// As they are.
  case f32
  /// The upper half of a float, rounded to nearest even.
  case bf16
  /// 8 bits, and a scale for each 64 of a column.
  case int8
  /// 4 bits, and a scale for each 32 of a column.
  case int4

  /// Whether products take integers of both operands.
  public var isQuantized: Bool { self == .int8 || self == .int4 }
}

/// The right operand of a GEMM, (K, N), rearranged once: panels of NR columns, each K × NR numbers
/// row by row (or as ``QuantizedLayout`` has them), so that the register tile streams it. Columns
/// past N are zero.
public final class PackedMatrix: @unchecked Sendable {
  /// Depth: rows of the matrix.
  public let K: Int
  /// Columns.
  public let N: Int
  /// How the numbers are held.
  public let precision: WeightPrecision
  private let arena: Arena
  private let base: UnsafeMutablePointer<Float>
  /// Bytes of the panels.
  public var bytes: Int { Self.bytes(K: K, N: N, precision) }

  /// A matrix of zeros, to be filled by ``pack(_:on:)``. Throws ``MemoryError``.
  public convenience init(
    K: Int, N: Int, _ precision: WeightPrecision = .f32
  ) throws(MemoryError) {
    self.init(
      K: K, N: N, precision, in: try Arena(count: Self.floats(K: K, N: N, precision)), at: 0)
  }

  /// A matrix in an arena that it shares with others, which is how small ones come to lie on huge
  /// pages; of zeros as long as the arena is.
  /// - offset: its first float, of ``floats(K:N:_:)``.
  public init(K: Int, N: Int, _ precision: WeightPrecision, in arena: Arena, at offset: Int) {
    precondition(K >= 1 && N >= 1, "PackedMatrix: (\(K), \(N))")
    self.K = K
    self.N = N
    self.precision = precision
    self.arena = arena
    base = arena.view(offset, count: Self.floats(K: K, N: N, precision)).base
  }

  /// Room that a matrix takes in an arena: whole cache lines.
  public static func floats(K: Int, N: Int, _ precision: WeightPrecision = .f32) -> Int {
    (bytes(K: K, N: N, precision) + CacheLine.bytes - 1) / CacheLine.bytes * ArenaLayout.line
  }

  /// Packs `b` (K, N). Throws ``MemoryError`` if there is no room for the copy.
  public convenience init(
    _ b: Matrix, K: Int, N: Int, _ precision: WeightPrecision = .f32, on team: ThreadTeam
  ) throws(MemoryError) {
    try self.init(K: K, N: N, precision)
    pack(b, on: team)
  }

  /// Bytes that the panels take.
  public static func bytes(K: Int, N: Int, _ precision: WeightPrecision = .f32) -> Int {
    let NR = Blocking.current.NR
    return (N + NR - 1) / NR * panelBytes(K, precision)
  }

  private static func panelBytes(_ K: Int, _ precision: WeightPrecision) -> Int {
    switch precision {
    case .f32: K * Blocking.current.NR * 4
    case .bf16: K * Blocking.current.NR * 2
    case .int8: QuantizedLayout(.eight, K: K).panelBytes
    case .int4: QuantizedLayout(.four, K: K).panelBytes
    }
  }

  /// Panels that a thread takes from its share at a time: enough bytes to be worth asking for, few
  /// enough that threads end together.
  var panelsAtATime: Int { max(1, (1 << 16) / Self.panelBytes(K, precision)) }

  /// The first byte of panel j.
  private func bytes(ofPanel j: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(base) + j * Self.panelBytes(K, precision)
  }

  /// Panel j: K × NR floats.
  func floats(ofPanel j: Int) -> UnsafeMutablePointer<Float> {
    bytes(ofPanel: j).assumingMemoryBound(to: Float.self)
  }

  /// Panel j: K × NR bfloat16 numbers.
  func halves(ofPanel j: Int) -> UnsafeMutablePointer<UInt16> {
    bytes(ofPanel: j).assumingMemoryBound(to: UInt16.self)
  }

  /// Panel j as ``QuantizedLayout`` has it.
  func quantized(panel j: Int) -> UnsafeMutablePointer<UInt8> {
    bytes(ofPanel: j).assumingMemoryBound(to: UInt8.self)
  }

  /// Places the panels near the threads whose share they are in a product. For a matrix that is still
  /// all zero.
  public func place(on team: ThreadTeam) {
    let panel = Self.panelBytes(K, precision)
    team.parallelShares(bytes / panel, grain: panelsAtATime) { range, _ in
      for at in stride(from: range.lowerBound * panel, to: range.upperBound * panel, by: 4096) {
        (UnsafeMutableRawPointer(base) + at).storeBytes(of: 0, as: UInt8.self)
      }
    }
  }

  /// Overwrites the matrix. - b: (K, N). Nobody may read it meanwhile.
  public func pack(_ b: Matrix, on team: ThreadTeam) {
    let NR = Blocking.current.NR
    team.parallelShares((N + NR - 1) / NR, grain: panelsAtATime) { range, _ in
      let columns = range.lowerBound * NR..<min(N, range.upperBound * NR)
      pack(b.from(0, columns.lowerBound), rows: 0..<K, columns: columns)
    }
  }

  /// Where parts may begin, and end but for the last: rows at multiples of the first number, columns
  /// at multiples of the second.
  public static var partSize: (rows: Int, columns: Int) {
    (QuantizedLayout.group(.eight), Blocking.current.NR)
  }

  /// Overwrites a part of the matrix; several threads may do that for different parts.
  /// - part: (rows.count, columns.count).
  public func pack(_ part: Matrix, rows: Range<Int>, columns: Range<Int>) {
    let (NR, size) = (Blocking.current.NR, Self.partSize)
    precondition(
      rows.lowerBound % size.rows == 0 && (rows.upperBound % size.rows == 0 || rows.upperBound == K)
        && columns.lowerBound % size.columns == 0
        && (columns.upperBound % size.columns == 0 || columns.upperBound == N)
        && rows.upperBound <= K && columns.upperBound <= N,
      "PackedMatrix: rows \(rows), columns \(columns) of (\(K), \(N))")
    for j in stride(from: columns.lowerBound, to: columns.upperBound, by: NR) {
      let source = part.from(0, j - columns.lowerBound).transposed
      let (panel, valid) = (j / NR, min(NR, N - j))
      if precision == .f32 {
        Packing.pack(
          source, width: NR, valid: valid, depth: rows.count,
          into: floats(ofPanel: panel) + rows.lowerBound * NR)
        continue
      }
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count * NR) { floats in
        guard let floats = floats.baseAddress else { return }
        Packing.pack(source, width: NR, valid: valid, depth: rows.count, into: floats)
        convert(floats, rows, panel)
      }
    }
  }

  /// Rows of a panel to the matrix's precision.
  private func convert(_ floats: UnsafePointer<Float>, _ rows: Range<Int>, _ panel: Int) {
    let NR = Blocking.current.NR
    switch precision {
    case .f32: break
    case .bf16:
      let to = halves(ofPanel: panel) + rows.lowerBound * NR
      for i in stride(from: 0, to: rows.count * NR, by: 16) {
        let rounded = BFloat16.rounded(Vector.load(floats + i))
        UnsafeMutableRawPointer(to + i).storeBytes(of: rounded, as: SIMD16<UInt16>.self)
      }
    case .int8:
      QuantizedLayout(.eight, K: K).pack(floats, rows: rows, into: quantized(panel: panel))
    case .int4:
      QuantizedLayout(.four, K: K).pack(floats, rows: rows, into: quantized(panel: panel))
    }
  }

  /// out[k] = b(k, j) + plus[k]: a row of the untransposed matrix, such as a token's embedding out
  /// of the head's panels, plus a vector. - out, plus: (K).
  public func column(
    _ j: Int, plus: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    precondition(j >= 0 && j < N, "PackedMatrix: column \(j) of \(N)")
    let NR = Blocking.current.NR
    let (panel, lane) = (j / NR, j % NR)
    switch precision {
    case .f32:
      let from = floats(ofPanel: panel) + lane
      for k in 0..<K { out[k] = from[k * NR] + plus[k] }
    case .bf16:
      let from = halves(ofPanel: panel) + lane
      for k in 0..<K { out[k] = BFloat16.value(from[k * NR]) + plus[k] }
    case .int8:
      QuantizedLayout(.eight, K: K).column(quantized(panel: panel), lane, plus: plus, into: out)
    case .int4:
      QuantizedLayout(.four, K: K).column(quantized(panel: panel), lane, plus: plus, into: out)
    }
  }
}
