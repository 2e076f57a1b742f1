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
  /// Bytes of the panels.
  public var bytes: Int { Self.bytes(K: K, N: N, precision) }

  /// A matrix of zeros, to be filled by ``pack(_:on:)``. Throws ``MemoryError``.
  public init(K: Int, N: Int, _ precision: WeightPrecision = .f32) throws(MemoryError) {
    precondition(K >= 1 && N >= 1, "PackedMatrix: (\(K), \(N))")
    self.K = K
    self.N = N
    self.precision = precision
    arena = try Arena(count: (Self.bytes(K: K, N: N, precision) + 3) / 4)
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

  /// The first byte of panel j.
  private func bytes(ofPanel j: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(arena.base) + j * Self.panelBytes(K, precision)
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

  /// Overwrites the matrix. - b: (K, N). Nobody may read it meanwhile.
  public func pack(_ b: Matrix, on team: ThreadTeam) {
    let NR = Blocking.current.NR
    team.parallelFor((N + NR - 1) / NR, grain: 4) { range in
      for panel in range {
        let source = b.from(0, panel * NR).transposed
        let valid = min(NR, N - panel * NR)
        if precision == .f32 {
          Packing.pack(source, width: NR, valid: valid, depth: K, into: floats(ofPanel: panel))
          continue
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: K * NR) { floats in
          guard let floats = floats.baseAddress else { return }
          Packing.pack(source, width: NR, valid: valid, depth: K, into: floats)
          convert(floats, panel)
        }
      }
    }
  }

  private func convert(_ floats: UnsafePointer<Float>, _ panel: Int) {
    switch precision {
    case .f32: break
    case .bf16:
      let to = halves(ofPanel: panel)
      for i in stride(from: 0, to: K * Blocking.current.NR, by: 16) {
        let rounded = BFloat16.rounded(Vector.load(floats + i))
        UnsafeMutableRawPointer(to + i).storeBytes(of: rounded, as: SIMD16<UInt16>.self)
      }
    case .int8: QuantizedLayout(.eight, K: K).pack(floats, into: quantized(panel: panel))
    case .int4: QuantizedLayout(.four, K: K).pack(floats, into: quantized(panel: panel))
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
      let (layout, from) = (QuantizedLayout(.eight, K: K), quantized(panel: panel))
      for k in 0..<K { out[k] = layout.value(from, k, lane) + plus[k] }
    case .int4:
      let (layout, from) = (QuantizedLayout(.four, K: K), quantized(panel: panel))
      for k in 0..<K { out[k] = layout.value(from, k, lane) + plus[k] }
    }
  }
}
