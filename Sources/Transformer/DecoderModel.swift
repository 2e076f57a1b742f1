public import Kernels
public import Machine

/// The weights of a model as inference reads them: matrices packed once into the panels that the
/// kernels stream, the head (wteᵀ) being the only copy of wte.
public final class DecoderModel: @unchecked Sendable {
  typealias Pointer = UnsafeMutablePointer<Float>

  /// One layer; matrices (in, out), the rest vectors.
  struct Layer {
    let ln1Weight, ln1Bias: Pointer
    let attn: PackedMatrix
    let attnBias: Pointer
    let attnProj: PackedMatrix
    let attnProjBias, ln2Weight, ln2Bias: Pointer
    let fc: PackedMatrix
    let fcBias: Pointer
    let fcProj: PackedMatrix
    let fcProjBias: Pointer
  }

  /// The sizes.
  public let config: GPT2Config
  /// How the matrices are held.
  public let precision: WeightPrecision
  /// The tensors that ``load(on:from:)`` asks for.
  public let table: ParameterTable
  /// Bytes of the matrices: what decoding one token reads, beside the KV cache.
  public let matrixBytes: Int
  /// wteᵀ, (C, V).
  let head: PackedMatrix
  /// (n_positions, C).
  let wpe: Pointer
  let layers: [Layer]
  let lnfWeight, lnfBias: Pointer
  /// Where each entry of the table goes.
  private let slots: [Slot]
  /// Everything that is no matrix.
  private let plain: Arena

  private enum Slot {
    case packed(PackedMatrix)
    /// Packed as its transpose.
    case transposed(PackedMatrix)
    case plain(Pointer)

    var matrix: PackedMatrix? {
      switch self {
      case .packed(let matrix), .transposed(let matrix): matrix
      case .plain: nil
      }
    }
  }

  /// Whole rows of a tensor that one thread reads and packs.
  private struct Piece {
    let entry: ParameterTable.Entry
    let slot: Slot
    let rows: Range<Int>

    /// Floats of a row.
    private var width: Int { entry.count / (entry.shape.first ?? 1) }
    private var elements: Range<Int> { rows.lowerBound * width..<rows.upperBound * width }
    /// Floats that pass through the thread's buffer.
    var buffered: Int { slot.matrix == nil ? 0 : elements.count }

    /// About so many floats are read at a time: they stay in the thread's cache until they are packed.
    private static let size = 1 << 17

    static func of(_ entry: ParameterTable.Entry, _ slot: Slot) -> [Piece] {
      let (count, rows) = (entry.shape.first ?? 1, PackedMatrix.partSize)
      let unit =
        switch slot {
        case .packed: rows.rows
        case .transposed: rows.columns
        case .plain: count
        }
      let step = max(1, size * count / entry.count / unit) * unit
      return stride(from: 0, to: count, by: step).map {
        Piece(entry: entry, slot: slot, rows: $0..<min(count, $0 + step))
      }
    }

    func load(
      _ buffer: Pointer,
      _ read: (ParameterTable.Entry, Range<Int>, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) throws {
      let part = Matrix(buffer, ld: width)
      var values = UnsafeMutableBufferPointer(start: buffer, count: elements.count)
      if case .plain(let vector) = slot { values = .init(start: vector, count: entry.count) }
      try read(entry, elements, values)
      switch slot {
      case .packed(let matrix): matrix.pack(part, rows: rows, columns: 0..<matrix.N)
      case .transposed(let matrix):
        matrix.pack(part.transposed, rows: 0..<matrix.K, columns: rows)
      case .plain: break
      }
    }
  }

  /// A model whose weights are zero until ``load(on:from:)``. Throws ``MemoryError``.
  public init(
    _ config: GPT2Config, _ precision: WeightPrecision = .f32
  ) throws(MemoryError) {
    self.config = config
    self.precision = precision
    table = ParameterTable(config)
    let C = config.width
    let matrices = try Arena(count: Self.matrixFloats(config, precision))
    plain = try Arena(count: Self.plainFloats(table))
    var builder = Builder(precision: precision, next: plain.base, matrices: matrices)
    head = builder.matrix(C, config.vocabularySize)
    wpe = builder.vector(config.contextLength * C)
    builder.slots = [.transposed(head), .plain(wpe)]
    var layers: [Layer] = []
    for _ in 0..<config.layers { layers.append(builder.layer(C)) }
    (lnfWeight, lnfBias) = (builder.vector(C), builder.vector(C))
    self.layers = layers
    slots = builder.slots + [.plain(lnfWeight), .plain(lnfBias)]
    matrixBytes = builder.matrixBytes
    precondition(slots.count == table.entries.count, "DecoderModel: \(slots.count) tensors")
  }

  /// Bytes that a model takes.
  public static func bytes(_ config: GPT2Config, _ precision: WeightPrecision = .f32) -> Int {
    4 * (matrixFloats(config, precision) + plainFloats(ParameterTable(config)))
  }

  private static func matrixFloats(_ config: GPT2Config, _ precision: WeightPrecision) -> Int {
    shapes(config).reduce(0) { $0 + PackedMatrix.floats(K: $1.K, N: $1.N, precision) }
  }

  private static func plainFloats(_ table: ParameterTable) -> Int {
    table.entries.reduce(0) { $0 + (isMatrix($1) ? 0 : aligned($1.count)) }
  }

  /// Of all matrices, the head and each layer's.
  private static func shapes(_ config: GPT2Config) -> [(K: Int, N: Int)] {
    let C = config.width
    return [(C, config.vocabularySize)]
      + (0..<config.layers).flatMap { _ in [(C, 3 * C), (C, C), (C, 4 * C), (4 * C, C)] }
  }

  /// Copies the weights out of an arena laid out by the table. Throws ``MemoryError``.
  public convenience init(
    _ config: GPT2Config, parameters: Arena, _ precision: WeightPrecision = .f32,
    on team: ThreadTeam
  ) throws(MemoryError) {
    try self.init(config, precision)
    precondition(parameters.count == table.count, "DecoderModel: arena of \(parameters.count)")
    for (entry, slot) in zip(table.entries, slots) {
      let values = parameters.base + entry.offset
      switch slot {
      case .packed(let matrix): matrix.pack(Matrix(values, ld: matrix.N), on: team)
      case .transposed(let matrix): matrix.pack(Matrix(values, ld: matrix.K).transposed, on: team)
      case .plain(let vector): vector.update(from: values, count: entry.count)
      }
    }
  }

  /// Fills the weights piece by piece, so that the file is never held beside them. To be done before
  /// the model is used. Throws ``MemoryError``, or what `read` throws: of several errors that of the
  /// first piece; then the weights are of no use.
  /// - read: writes some elements of a tensor, in row-major order as the table describes it, to a
  ///   buffer of as many floats. Called on all threads at once.
  public func load(
    on team: ThreadTeam,
    from read: (
      _ entry: ParameterTable.Entry, _ elements: Range<Int>,
      _ values: UnsafeMutableBufferPointer<Float>
    ) throws -> Void
  ) throws {
    let pieces = zip(table.entries, slots).flatMap { Piece.of($0, $1) }
    let stride = pieces.map(\.buffered).max() ?? 0
    let buffers = try Arena(count: stride * team.count)
    for slot in slots { slot.matrix?.place(on: team) }
    var failures = [(piece: Int, error: any Error)?](repeating: nil, count: team.count)
    failures.withUnsafeMutableBufferPointer { failures in
      team.forEach(pieces.count) { item, thread in
        if failures[thread] != nil { return }
        do {
          try pieces[item].load(buffers.base + stride * thread, read)
        } catch {
          failures[thread] = (item, error)
        }
      }
    }
    let first = failures.compactMap { $0 }.min { $0.piece < $1.piece }
    if let first { throw first.error }
  }

  /// Whether an entry is held as a packed matrix.
  private static func isMatrix(_ entry: ParameterTable.Entry) -> Bool {
    entry.shape.count == 2 && !entry.name.hasSuffix("wpe.weight")
  }

  private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// Makes the tensors in the table's order.
  private struct Builder {
    var slots: [Slot] = []
    let precision: WeightPrecision
    var next: Pointer
    /// All matrices, one after another in the order in which they are read.
    let matrices: Arena
    private var used = 0
    private(set) var matrixBytes = 0

    init(precision: WeightPrecision, next: Pointer, matrices: Arena) {
      (self.precision, self.next, self.matrices) = (precision, next, matrices)
    }

    mutating func matrix(_ K: Int, _ N: Int) -> PackedMatrix {
      let matrix = PackedMatrix(K: K, N: N, precision, in: matrices, at: used)
      used += PackedMatrix.floats(K: K, N: N, precision)
      matrixBytes += matrix.bytes
      return matrix
    }

    mutating func vector(_ count: Int) -> Pointer {
      defer { next += DecoderModel.aligned(count) }
      return next
    }

    mutating func layer(_ C: Int) -> Layer {
      Layer(
        ln1Weight: slot(C), ln1Bias: slot(C), attn: slot(C, 3 * C), attnBias: slot(3 * C),
        attnProj: slot(C, C), attnProjBias: slot(C), ln2Weight: slot(C), ln2Bias: slot(C),
        fc: slot(C, 4 * C), fcBias: slot(4 * C), fcProj: slot(4 * C, C), fcProjBias: slot(C))
    }

    private mutating func slot(_ count: Int) -> Pointer {
      let vector = vector(count)
      slots.append(.plain(vector))
      return vector
    }

    private mutating func slot(_ K: Int, _ N: Int) -> PackedMatrix {
      let matrix = matrix(K, N)
      slots.append(.packed(matrix))
      return matrix
    }
  }
}
