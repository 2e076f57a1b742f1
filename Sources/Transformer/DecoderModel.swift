public import Kernels
public import Machine

/// The weights of a model as inference reads them: matrices packed once into the panels that the
/// kernels stream, a tied head (wteᵀ) being the only copy of wte.
public final class DecoderModel: @unchecked Sendable {
  typealias Pointer = UnsafeMutablePointer<Float>

  /// The sizes.
  public let config: GPT2Config
  /// How the matrices are held.
  public let precision: WeightPrecision
  /// The tensors that ``load(on:from:)`` asks for.
  public let table: ParameterTable
  /// Bytes of the matrices: what decoding one token reads, beside the KV cache.
  public let matrixBytes: Int
  /// Matrices as products take them, (in, out), which of embeddings is the transpose, (C, V).
  let tensors: ModelTensors<PackedMatrix, Pointer>
  /// Where each entry of the table goes.
  private let slots: [(entry: ParameterTable.Entry, slot: Slot)]
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
    let (weights, vectors) = Self.floats(table, precision)
    // All matrices, one after another in the order in which they are read.
    let matrices = try Arena(count: weights)
    plain = try Arena(count: vectors)
    var (layout, used) = (ArenaLayout(plain), 0)
    var slots: [(entry: ParameterTable.Entry, slot: Slot)] = []
    tensors = ModelTensors(
      config,
      weight: { entry in
        guard let (K, N) = Self.product(entry) else {
          preconditionFailure("DecoderModel: \(entry.name) \(entry.shape) is no matrix")
        }
        let matrix = PackedMatrix(K: K, N: N, precision, in: matrices, at: used)
        used += PackedMatrix.floats(K: K, N: N, precision)
        slots.append((entry, entry.isEmbedding ? .transposed(matrix) : .packed(matrix)))
        return matrix
      },
      vector: { entry in
        let vector = layout.take(entry.count)
        slots.append((entry, .plain(vector)))
        return vector
      })
    self.slots = slots
    // Of a model with a head of its own, wte is looked up in.
    matrixBytes =
      slots.reduce(0) { $0 + ($1.slot.matrix?.bytes ?? 0) }
      - (config.tiesHead ? 0 : tensors.wte.bytes)
  }

  /// Bytes that a model takes.
  public static func bytes(_ config: GPT2Config, _ precision: WeightPrecision = .f32) -> Int {
    let (weights, vectors) = floats(ParameterTable(config), precision)
    return MemoryLayout<Float>.stride * (weights + vectors)
  }

  /// Floats of all packed matrices, and of all other tensors.
  private static func floats(
    _ table: ParameterTable, _ precision: WeightPrecision
  ) -> (weights: Int, vectors: Int) {
    var (weights, vectors) = (0, 0)
    for entry in table.entries {
      if let (K, N) = product(entry) {
        weights += PackedMatrix.floats(K: K, N: N, precision)
      } else {
        vectors += ArenaLayout.floats { _ = $0.take(entry.count) }
      }
    }
    return (weights, vectors)
  }

  /// The sizes of the product that an entry is in, (K, N); nil if in none.
  private static func product(_ entry: ParameterTable.Entry) -> (K: Int, N: Int)? {
    guard entry.matrices > 0 || entry.isEmbedding else { return nil }
    return entry.isEmbedding
      ? (entry.shape[1], entry.shape[0]) : (entry.shape[0], entry.shape[1])
  }

  /// Copies the weights out of an arena laid out by the table. Throws ``MemoryError``.
  public convenience init(
    _ config: GPT2Config, parameters: Arena, _ precision: WeightPrecision = .f32,
    on team: ThreadTeam
  ) throws(MemoryError) {
    try self.init(config, precision)
    precondition(parameters.count == table.count, "DecoderModel: arena of \(parameters.count)")
    for (entry, slot) in slots {
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
    let pieces = slots.flatMap { Piece.of($0.entry, $0.slot) }
    let stride = pieces.map(\.buffered).max() ?? 0
    let buffers = try Arena(count: stride * team.count)
    for (_, slot) in slots { slot.matrix?.place(on: team) }
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
}
