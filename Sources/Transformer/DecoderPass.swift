import Kernels
import Machine

/// A block of rows through all layers: the calls of ``Forward``, with attention over the caches.
struct DecoderPass {
  typealias Pointer = UnsafeMutablePointer<Float>

  let model: DecoderModel
  let workspace: DecoderWorkspace
  let team: ThreadTeam
  let spans: [DecoderSpan]
  /// The block's rows.
  let tokens: [UInt32]

  private var R: Int { tokens.count }
  private var C: Int { model.config.width }

  /// Tokens to the last layer's output, in the workspace's residual stream; keys and values go to
  /// the caches' pages, whose lengths stay.
  func run() {
    embed()
    for l in 0..<model.config.layers { layer(l) }
  }

  /// The rows of the block whose logits are asked for.
  var wantedRows: [Int] {
    spans.flatMap { $0.row + $0.firstWanted..<$0.row + $0.tokens.count }
  }

  /// logits (rows.count, V) = LayerNorm(residual[rows])·headᵀ. Uses up the residual stream.
  /// - rows: in ascending order; - logits: `stride` floats from row to row.
  func head(_ rows: [Int], logits: Pointer, stride: Int) {
    if rows.isEmpty { return }
    let w = workspace.buffers
    for (to, from) in rows.enumerated() where to != from {
      (w.residual + to * C).update(from: w.residual + from * C, count: C)
    }
    head(0..<rows.count, logits: logits, stride: stride)
  }

  /// logits (rows.count, V) = LayerNorm(residual[rows])·wteᵀ; the residual stream stays.
  /// - logits: `stride` floats from row to row.
  func head(_ rows: Range<Int>, logits: Pointer, stride: Int) {
    let w = workspace.buffers
    norm(
      model.tensors.lnfWeight, model.tensors.lnfBias, of: w.residual + rows.lowerBound * C,
      rows: rows.count)
    GEMM.multiply(
      logits, ldc: stride, M: rows.count, N: model.config.vocabularySize, K: C,
      a: Matrix(w.normed, ld: C), b: .packed(model.tensors.head), on: team, scratch: workspace.gemm)
  }

  /// residual = wte[token] + wpe[position], wte's rows being columns of the packed matrix.
  private func embed() {
    let w = workspace.buffers
    for span in spans {
      team.parallelFor(span.tokens.count, grain: 8) { range in
        for t in range {
          model.tensors.wte.column(
            Int(tokens[span.row + t]), plus: model.tensors.wpe + (span.position + t) * C,
            into: w.residual + (span.row + t) * C)
        }
      }
    }
  }

  private func layer(_ l: Int) {
    let (p, w) = (model.tensors.layers[l], workspace.buffers)
    norm(p.ln1Weight, p.ln1Bias, of: w.residual, rows: R)
    linear(w.qkv, w.normed, p.attnWeight, p.attnBias)
    attend(l)
    linear(w.middle, w.att, p.attnProjWeight, p.attnProjBias, adding: w.residual)
    norm(p.ln2Weight, p.ln2Bias, of: w.middle, rows: R)
    linear(w.fc, w.normed, p.fcWeight, p.fcBias)
    model.config.activation.forward(
      out: w.fc, inp: w.fc, count: R * model.config.innerWidth, on: team)
    linear(w.residual, w.fc, p.fcProjWeight, p.fcProjBias, adding: w.middle)
  }

  /// normed = LayerNorm(inp).
  private func norm(_ weight: Pointer, _ bias: Pointer, of inp: Pointer, rows: Int) {
    let w = workspace.buffers
    LayerNorm.forward(
      out: w.normed, mean: w.mean, rstd: w.rstd, inp: inp, weight: weight, bias: bias,
      N: rows, C: C, epsilon: model.config.layerNormEpsilon, on: team)
  }

  private func linear(
    _ out: Pointer, _ inp: Pointer, _ weight: PackedMatrix, _ bias: Pointer,
    adding residual: Pointer? = nil
  ) {
    GEMM.multiply(
      out, ldc: weight.N, M: R, N: weight.N, K: weight.K, a: Matrix(inp, ld: weight.K),
      b: .packed(weight), start: .bias(bias), adding: residual, on: team, scratch: workspace.gemm)
  }

  /// Stores keys and values, then att = attention. Heads are shared out; a long span also shares
  /// out its rows, after all of its keys are there.
  private func attend(_ l: Int) {
    let H = model.config.heads
    let tiles = spans.map { ($0.tokens.count + tile - 1) / tile }
    if tiles.allSatisfy({ $0 == 1 }) {
      // A sequence's heads lie side by side in its pages.
      team.parallelShares(spans.count * H) { items, thread in
        for item in items {
          let span = spans[item / H]
          store(span, l, item % H)
          attend(span, 0..<span.tokens.count, l, item % H, thread)
        }
      }
      return
    }
    team.parallelFor(spans.count * H) { items in
      for item in items { store(spans[item / H], l, item % H) }
    }
    // The last tiles see the most keys, so they come first.
    let work = spans.indices.flatMap { s in (0..<tiles[s]).reversed().map { (s, $0) } }
    team.forEach(work.count * H) { item, thread in
      let (s, t) = work[item / H]
      let rows = t * tile..<min(spans[s].tokens.count, (t + 1) * tile)
      attend(spans[s], rows, l, item % H, thread)
    }
  }

  /// Rows that one thread handles together.
  private var tile: Int { 48 }

  /// A head's keys and values of a span to its pages.
  private func store(_ span: DecoderSpan, _ l: Int, _ h: Int) {
    let (D, positions) = (model.config.headSize, AttentionPage.positions)
    var t = 0
    while t < span.tokens.count {
      let (page, slot) = (span.position + t).quotientAndRemainder(dividingBy: positions)
      let count = min(positions - slot, span.tokens.count - t)
      let k = workspace.buffers.qkv + (span.row + t) * 3 * C + C + h * D
      span.cache.pool.head(span.cache.pages[page], layer: l, head: h).store(
        keys: k, values: k + C, ld: 3 * C, count: count, slot: slot)
      t += count
    }
  }

  /// A head's output for some rows of a span.
  private func attend(
    _ span: DecoderSpan, _ rows: Range<Int>, _ l: Int, _ h: Int, _ thread: Int
  ) {
    var scratch = workspace.attention.layout(of: thread)
    let (D, row) = (model.config.headSize, span.row + rows.lowerBound)
    let (pool, pages) = (span.cache.pool, span.cache.pages)
    let (out, q) = (
      workspace.buffers.att + row * C + h * D, workspace.buffers.qkv + row * 3 * C + h * D
    )
    let (position, scale) = (
      span.position + rows.lowerBound, model.config.attentionScale(layer: l)
    )
    // Values follow the keys, and the next head follows them.
    let values = AttentionPage.keyCount(D)
    let next = values + AttentionPage.valueCount(D)
    switch pool.precision {
    case .f32:
      Attention.cached(
        out: out, outStride: C, q: q, qStride: 3 * C, rows: rows.count, firstPosition: position,
        D: D, scale: scale,
        keyPages: { UnsafePointer(pool.head(pages[$0], layer: l, head: h).floats) },
        valuePages: { UnsafePointer(pool.head(pages[$0], layer: l, head: h).floats + values) },
        ahead: next, scratch: &scratch)
    case .bf16:
      Attention.cached(
        out: out, outStride: C, q: q, qStride: 3 * C, rows: rows.count, firstPosition: position,
        D: D, scale: scale,
        keyPages: { UnsafePointer(pool.head(pages[$0], layer: l, head: h).halves) },
        valuePages: { UnsafePointer(pool.head(pages[$0], layer: l, head: h).halves + values) },
        ahead: next, scratch: &scratch)
    }
  }
}
