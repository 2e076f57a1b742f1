import Kernels
public import Machine

/// The exact product H·u of the Hessian of a mean loss with a direction: the tangent along u of
/// forward and backward, "forward over backward" (Pearlmutter, "Fast exact multiplication by the
/// Hessian", Neural Computation 6, 1994). Every layer's tangent is written out; nothing is a
/// difference.
///
/// It goes sequence by sequence, so no micro-batch enters the bits, and in the activations of a
/// ``StepGradient``, between whose steps it is used, if that keeps all of them. A sequence costs 8 matrix products where
/// training has 3: the forward's 1 and its tangent's 2, the input gradients' 1 and their tangents'
/// 2, and 2 for the tangents of the weights' gradients.
public final class HessianProduct {
  private let forward: Forward
  private let tangents: Activations
  private let attention: Attention.Scratch
  private let direction, product: ParameterViews
  private let T: Int
  /// Rows of logits that the head takes at a time; not more than there is room for.
  let headRows: Int
  /// What the views point into, kept alive.
  private let arenas: [Arena]
  private var sequences = 0
  private var done = 0

  /// - pass: lends its parameters and activations.
  /// - direction: u; product: becomes H·u; arenas of the table's size. Throws ``MemoryError``.
  public convenience init(
    sharing pass: StepGradient, table: ParameterTable, direction: Arena, product: Arena
  ) throws(MemoryError) {
    try self.init(
      sharing: pass, table: table, direction: direction, product: product, headRows: nil)
  }

  /// - headRows: for tests; nil: as many as there is room for.
  init(
    sharing pass: StepGradient, table: ParameterTable, direction: Arena, product: Arena,
    headRows: Int?
  ) throws(MemoryError) {
    T = pass.T
    // The tangents go along what a layer keeps, which a pass that recomputes does not have.
    forward =
      pass.forward.activations.recompute
      ? Forward(
        config: pass.config, parameters: pass.forward.parameters,
        activations: try Activations(pass.config, B: 1, T: T), workspace: pass.forward.workspace)
      : pass.forward
    tangents = try Activations(pass.config, B: 1, T: T)
    self.headRows = min(tangents.headRows, headRows ?? tangents.headRows)
    attention = try Attention.Scratch(
      T: T, D: pass.config.headSize, threads: pass.forward.workspace.team.count, tangents: true)
    (self.direction, self.product) = (
      ParameterViews(table, direction), ParameterViews(table, product)
    )
    arenas = [direction, product]
  }

  /// Bytes that ``init`` takes. - recompute: whether the pass that it shares with recomputes layers.
  public static func bytes(
    _ config: GPT2Config, T: Int, recompute: Bool = false, threads: Int
  ) -> Int {
    Activations.bytes(config, B: 1, T: T) * (recompute ? 2 : 1)
      + Attention.Scratch.bytes(T: T, D: config.headSize, threads: threads, tangents: true)
  }

  /// Starts a product: the loss is the mean over all tokens of so many sequences.
  public func begin(sequences: Int) {
    precondition(sequences >= 1, "a product of no sequences")
    (self.sequences, done) = (sequences, 0)
    let config = forward.config
    let w = forward.workspace
    w.clear(product.wpe + T * config.width, (config.contextLength - T) * config.width)
    // A head of its own leaves wte to the look-up, which adds.
    if !config.tiesHead { w.clear(product.wte) }
  }

  /// The next sequence. After the last one the product is complete.
  /// - tokens, targets: (T).
  public func add(tokens: UnsafePointer<UInt16>, targets: UnsafePointer<UInt16>) {
    precondition(done < sequences, "a sequence after all \(sequences)")
    forward.run(tokens, B: 1, T: T)
    TangentForward(
      forward: forward, direction: direction, tangents: tangents, attention: attention
    ).run(tokens, T: T)
    head(targets)
    TangentBackward(
      forward: forward, direction: direction, tangents: tangents, attention: attention,
      product: product, continuing: done > 0
    ).run(tokens, T: T)
    done += 1
  }

  /// The head and its backward with their tangents, in chunks of rows: gradient and tangent of its
  /// input, and the product for its matrix.
  private func head(_ targets: UnsafePointer<UInt16>) {
    let config = forward.config
    let (C, V, a, t, w) = (
      config.width, config.vocabularySize, forward.activations, tangents, forward.workspace
    )
    let (head, u) = (forward.parameters.head.matrix, direction.head.matrix)
    let scale = Float(1 / Double(sequences * T))
    for first in stride(from: 0, to: T, by: headRows) {
      let R = min(headRows, T - first)
      let (x, xTangent) = (a.lnf + first * C, t.lnf + first * C)
      // logits = x·headᵀ
      w.multiply(a.logits, a.Vp, R, V, C, Matrix(x, ld: C), head.transposed)
      w.multiply(t.logits, t.Vp, R, V, C, Matrix(xTangent, ld: C), head.transposed)
      w.multiply(
        t.logits, t.Vp, R, V, C, Matrix(x, ld: C), u.transposed,
        start: .accumulate)
      CrossEntropy.backwardTangent(
        logits: a.logits, tangents: t.logits, ld: a.Vp, targets: targets + first, R: R, V: V,
        scale: scale, on: w.team)
      let (d, dTangent) = (Matrix(a.logits, ld: a.Vp), Matrix(t.logits, ld: t.Vp))
      let (dx, dxTangent) = (a.dresidual + first * C, t.dresidual + first * C)
      w.multiply(dx, C, R, C, V, d, head)
      w.multiply(dxTangent, C, R, C, V, dTangent, head)
      w.multiply(dxTangent, C, R, C, V, d, u, start: .accumulate)
      w.multiply(
        product.head.base, C, V, C, R, dTangent.transposed, Matrix(x, ld: C),
        start: done > 0 || first > 0 ? .accumulate : .zero)
      w.multiply(
        product.head.base, C, V, C, R, d.transposed, Matrix(xTangent, ld: C), start: .accumulate)
    }
  }
}
