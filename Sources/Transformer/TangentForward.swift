import Kernels
import Machine

/// The tangent of ``Forward`` along a direction of the parameters, for one sequence that has gone
/// through it. The tangent of an activation lies where ``Activations`` has its name; `rowMax` has
/// attention's σ.
struct TangentForward {
  let forward: Forward
  let direction: ParameterViews
  let tangents: Activations
  let attention: Attention.Scratch

  /// - tokens: (T).
  func run(_ tokens: UnsafePointer<UInt16>, T: Int) {
    let (C, L) = (forward.config.width, forward.config.layers)
    let (a, t, p, u, w) = (
      forward.activations, tangents, forward.parameters, direction, forward.workspace
    )
    // residual = wte[token] + wpe[position]
    Embedding.forward(
      out: L > 0 ? t.layers[0].residual : t.final, tokens: tokens, wte: u.wte.base, wpe: u.wpe,
      B: 1,
      T: T, C: C, on: w.team)
    for l in 0..<L { layer(l, out: l + 1 < L ? t.layers[l + 1].residual : t.final, T: T) }
    // lnf = LayerNorm(final)
    LayerNorm.tangent(
      outTangent: t.lnf, inp: a.final, inpTangent: t.final, mean: a.lnfMean, rstd: a.lnfRstd,
      weight: p.lnfWeight, weightTangent: u.lnfWeight, biasTangent: u.lnfBias, N: T, C: C,
      on: w.team)
  }

  private func layer(_ l: Int, out: UnsafeMutablePointer<Float>, T: Int) {
    let (a, t, w) = (forward.activations, tangents, forward.workspace)
    let (p, u) = (forward.parameters.layers[l], direction.layers[l])
    let (k, kt) = (a.layers[l], t.layers[l])
    normed1(l, T)
    w.linearTangent(
      kt.qkv, a.normed, t.normed, p.attnWeight, u.attnWeight, u.attnBias, N: T)
    Attention.tangent(
      outTangent: kt.att, sigma: kt.rowMax, out: k.att, rowMax: k.rowMax,
      rowInverse: k.rowInverse, qkv: k.qkv, qkvTangent: kt.qkv,
      shape: forward.attentionShape(l, B: 1, T: T), on: w.team, scratch: attention)
    w.linearTangent(
      kt.middle, k.att, kt.att, p.attnProjWeight, u.attnProjWeight, u.attnProjBias, N: T,
      adding: kt.residual)
    normed2(l, T)
    w.linearTangent(
      kt.fc, a.normed, t.normed, p.fcWeight, u.fcWeight, u.fcBias, N: T)
    gelu(l, T)
    w.linearTangent(
      out, a.gelu, t.gelu, p.fcProjWeight, u.fcProjWeight, u.fcProjBias, N: T,
      adding: kt.middle)
  }

  /// `normed` = ln1(residual) of layer `l` and its tangent, again.
  func normed1(_ l: Int, _ T: Int) {
    let (k, kt) = (forward.activations.layers[l], tangents.layers[l])
    let (p, u) = (forward.parameters.layers[l], direction.layers[l])
    normed(
      k.residual, kt.residual, k.ln1Mean, k.ln1Rstd, p.ln1Weight, p.ln1Bias, u.ln1Weight, u.ln1Bias,
      T)
  }

  /// `normed` = ln2(middle) of layer `l` and its tangent, again.
  func normed2(_ l: Int, _ T: Int) {
    let (k, kt) = (forward.activations.layers[l], tangents.layers[l])
    let (p, u) = (forward.parameters.layers[l], direction.layers[l])
    normed(
      k.middle, kt.middle, k.ln2Mean, k.ln2Rstd, p.ln2Weight, p.ln2Bias, u.ln2Weight, u.ln2Bias, T)
  }

  /// `gelu` of layer `l` and its tangent, again.
  func gelu(_ l: Int, _ T: Int) {
    let (a, k, team) = (
      forward.activations, forward.activations.layers[l], forward.workspace.team
    )
    let count = T * forward.config.innerWidth
    GELU.forward(out: a.gelu, inp: k.fc, count: count, on: team)
    GELU.tangent(
      outTangent: tangents.gelu, inp: k.fc, inpTangent: tangents.layers[l].fc, count: count,
      on: team)
  }

  private func normed(
    _ inp: UnsafePointer<Float>, _ inpTangent: UnsafePointer<Float>, _ mean: UnsafePointer<Float>,
    _ rstd: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ weightTangent: UnsafePointer<Float>, _ biasTangent: UnsafePointer<Float>, _ T: Int
  ) {
    let (C, team) = (forward.config.width, forward.workspace.team)
    LayerNorm.recompute(
      out: forward.activations.normed, mean: mean, rstd: rstd, inp: inp, weight: weight,
      bias: bias, N: T, C: C, on: team)
    LayerNorm.tangent(
      outTangent: tangents.normed, inp: inp, inpTangent: inpTangent, mean: mean, rstd: rstd,
      weight: weight, weightTangent: weightTangent, biasTangent: biasTangent, N: T, C: C, on: team)
  }
}

extension Workspace {
  /// The tangent of ``linear``: out' (N, columns) = inp·weight' + bias' + inp'·weight, plus a residual's.
  func linearTangent(
    _ outTangent: Pointer, _ inp: Pointer, _ inpTangent: Pointer, _ weight: WeightView,
    _ weightTangent: WeightView, _ biasTangent: Pointer, N: Int,
    adding residualTangent: Pointer? = nil
  ) {
    let (from, to) = (weight.rows, weight.columns)
    multiply(
      outTangent, to, N, to, from, Matrix(inp, ld: from), weightTangent.matrix,
      start: .bias(biasTangent))
    multiply(
      outTangent, to, N, to, from, Matrix(inpTangent, ld: from), weight.matrix,
      start: .accumulate, adding: residualTangent)
  }

  /// The input gradient of ``linear`` and its tangent, and the tangents of the parameters' gradients:
  /// dinp' = dout'·weightᵀ + dout·weight'ᵀ, dweight' = inp'ᵀ·dout + inpᵀ·dout', dbias' = Σ dout'.
  /// - dinp, inp: (N, rows); - dout: (N, columns); each with its tangent.
  func linearBackwardTangent(
    dinp: Pointer, dinpTangent: Pointer, dweightTangent: WeightView, dbiasTangent: Pointer,
    continuing: Bool, dout: Pointer, doutTangent: Pointer, inp: Pointer, inpTangent: Pointer,
    weight: WeightView, weightTangent: WeightView, N: Int
  ) {
    let (from, to) = (weight.rows, weight.columns)
    let (d, dTangent) = (Matrix(dout, ld: to), Matrix(doutTangent, ld: to))
    let transposed = weight.matrix.transposed
    multiply(dinp, from, N, from, to, d, transposed)
    multiply(dinpTangent, from, N, from, to, dTangent, transposed)
    multiply(
      dinpTangent, from, N, from, to, d, weightTangent.matrix.transposed,
      start: .accumulate)
    multiply(
      dweightTangent.base, to, from, to, N, Matrix(inpTangent, ld: from).transposed, d,
      start: continuing ? .accumulate : .zero)
    multiply(
      dweightTangent.base, to, from, to, N, Matrix(inp, ld: from).transposed, dTangent,
      start: .accumulate)
    ColumnSum.add(
      out: dbiasTangent, continuing: continuing, dout: doutTangent, N: N, C: to, on: team)
  }
}
