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
  /// The tensors that ``load(on:_:)`` asks for.
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
  }

  /// A model whose weights are zero until ``load(on:_:)``. Throws ``MemoryError``.
  public init(
    _ config: GPT2Config, _ precision: WeightPrecision = .f32
  ) throws(MemoryError) {
    self.config = config
    self.precision = precision
    table = ParameterTable(config)
    let C = config.width
    head = try PackedMatrix(K: C, N: config.vocabularySize, precision)
    plain = try Arena(
      count: table.entries.reduce(0) { $0 + (Self.isMatrix($1) ? 0 : Self.aligned($1.count)) })
    var builder = Builder(
      precision: precision, next: plain.base, matrixBytes: head.bytes)
    wpe = builder.vector(config.contextLength * C)
    builder.slots = [.transposed(head), .plain(wpe)]
    var layers: [Layer] = []
    for _ in 0..<config.layers { layers.append(try builder.layer(C)) }
    (lnfWeight, lnfBias) = (builder.vector(C), builder.vector(C))
    self.layers = layers
    slots = builder.slots + [.plain(lnfWeight), .plain(lnfBias)]
    matrixBytes = builder.matrixBytes
    precondition(slots.count == table.entries.count, "DecoderModel: \(slots.count) tensors")
  }

  /// Copies the weights out of an arena laid out by the table. Throws ``MemoryError``.
  public convenience init(
    _ config: GPT2Config, parameters: Arena, _ precision: WeightPrecision = .f32,
    on team: ThreadTeam
  ) throws(MemoryError) {
    try self.init(config, precision)
    precondition(parameters.count == table.count, "DecoderModel: arena of \(parameters.count)")
    load(on: team) { entry, use in use(UnsafePointer(parameters.base + entry.offset)) }
  }

  /// Fills the weights, one tensor at a time, so that the file is never held beside them: `deliver`
  /// is called once for each entry of the table, in its order, and passes the tensor's floats, as
  /// the table describes them, to its second argument; they need to live no longer than that call.
  /// Throws what `deliver` throws; then the weights are those delivered so far. To be done before
  /// the model is used.
  public func load<Failure: Error>(
    on team: ThreadTeam,
    _ deliver: (_ entry: ParameterTable.Entry, _ use: (UnsafePointer<Float>) -> Void)
      throws(Failure) -> Void
  ) throws(Failure) {
    for (entry, slot) in zip(table.entries, slots) {
      try deliver(entry) { values in
        let source = UnsafeMutablePointer(mutating: values)
        switch slot {
        case .packed(let matrix): matrix.pack(Matrix(source, ld: matrix.N), on: team)
        case .transposed(let matrix):
          matrix.pack(Matrix(source, ld: matrix.K).transposed, on: team)
        case .plain(let vector): vector.update(from: values, count: entry.count)
        }
      }
    }
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
    var matrixBytes: Int

    init(precision: WeightPrecision, next: Pointer, matrixBytes: Int) {
      (self.precision, self.next, self.matrixBytes) = (precision, next, matrixBytes)
    }

    mutating func vector(_ count: Int) -> Pointer {
      defer { next += DecoderModel.aligned(count) }
      return next
    }

    mutating func layer(_ C: Int) throws(MemoryError) -> Layer {
      let layer = Layer(
        ln1Weight: slot(C), ln1Bias: slot(C), attn: try slot(C, 3 * C), attnBias: slot(3 * C),
        attnProj: try slot(C, C), attnProjBias: slot(C), ln2Weight: slot(C), ln2Bias: slot(C),
        fc: try slot(C, 4 * C), fcBias: slot(4 * C), fcProj: try slot(4 * C, C),
        fcProjBias: slot(C))
      return layer
    }

    private mutating func slot(_ count: Int) -> Pointer {
      let vector = vector(count)
      slots.append(.plain(vector))
      return vector
    }

    private mutating func slot(_ K: Int, _ N: Int) throws(MemoryError) -> PackedMatrix {
      let matrix = try PackedMatrix(K: K, N: N, precision)
      slots.append(.packed(matrix))
      matrixBytes += matrix.bytes
      return matrix
    }
  }
}
