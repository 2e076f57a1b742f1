import Kernels
import Machine

/// The training backward: the gradient of the head's input to the gradients of all parameters but
/// the head's share of wte.
struct Backward {
  let forward: Forward
  /// Where parameter gradients go.
  let gradients: ParameterViews
  /// The look-up's share of wte's gradient, added to.
  let tokenGradients: TokenGradients
  /// Whether this goes on from earlier micro-batches of the step; else gradients are overwritten.
  let continuing: Bool
  /// Whether the last layer is still where layers are recomputed.
  let isAfterForward: Bool

  /// - dresidual: (N, C), in: gradient of the head's input; used up.
  /// - tokens: (B, T), the first B sequences of the forward's micro-batch.
  func run(
    _ dresidual: UnsafeMutablePointer<Float>, tokens: UnsafePointer<UInt16>, B: Int, T: Int
  ) {
    let (N, C) = (B * T, forward.config.width)
    let (p, g, a, team) = (
      forward.parameters, gradients, forward.activations, forward.workspace.team
    )
    // lnf = LayerNorm(final)
    forward.workspace.copy(dresidual, to: a.dnarrow, N * C)
    LayerNorm.backward(
      dinp: dresidual, accumulate: false, dweight: g.lnfWeight, dbias: g.lnfBias,
      continuing: continuing, dout: a.dnarrow, inp: a.final, mean: a.lnfMean, rstd: a.lnfRstd,
      weight: p.lnfWeight, N: N, C: C, on: team)
    let L = forward.config.layers
    for l in (0..<L).reversed() {
      if a.recompute && !(isAfterForward && l == L - 1) { forward.layer(l, B: B, T: T) }
      layer(l, dresidual, B: B, T: T)
    }
    // residual = wte[token] + wpe[position]
    tokenGradients.withRows(of: tokens, N) { rows in
      Embedding.addTokenGradients(
        dwte: tokenGradients.base, dout: dresidual, tokens: rows, B: B, T: T, C: C, on: team)
    }
    Embedding.positionGradients(
      dwpe: g.wpe, continuing: continuing, dout: dresidual, B: B, T: T, C: C, on: team)
  }

  private func layer(_ l: Int, _ dresidual: UnsafeMutablePointer<Float>, B: Int, T: Int) {
    let (N, C, F) = (B * T, forward.config.width, forward.config.innerWidth)
    let (a, w) = (forward.activations, forward.workspace)
    let (p, g, k) = (forward.parameters.layers[l], gradients.layers[l], a.layers[l])
    precondition(
      forward.config.activation == .geluNew, "Backward: \(forward.config.activation) has none")
    // out = gelu(fc)·fcProjWeight + fcProjBias + middle
    GELU.forward(out: a.gelu, inp: k.fc, count: N * F, on: w.team)
    w.linearBackward(
      dinp: a.wide, dweight: g.fcProjWeight, dbias: g.fcProjBias, continuing: continuing,
      dout: dresidual, inp: a.gelu, weight: p.fcProjWeight, N: N)
    GELU.backward(dout: a.wide, inp: k.fc, count: N * F, on: w.team)
    // fc = ln2(middle)·fcWeight + fcBias
    LayerNorm.recompute(
      out: a.normed, mean: k.ln2Mean, rstd: k.ln2Rstd, inp: k.middle, weight: p.ln2Weight,
      bias: p.ln2Bias, N: N, C: C, on: w.team)
    w.linearBackward(
      dinp: a.dnarrow, dweight: g.fcWeight, dbias: g.fcBias, continuing: continuing, dout: a.wide,
      inp: a.normed, weight: p.fcWeight, N: N)
    LayerNorm.backward(
      dinp: dresidual, accumulate: true, dweight: g.ln2Weight, dbias: g.ln2Bias,
      continuing: continuing, dout: a.dnarrow, inp: k.middle, mean: k.ln2Mean, rstd: k.ln2Rstd,
      weight: p.ln2Weight, N: N, C: C, on: w.team)
    // middle = att·attnProjWeight + attnProjBias + residual
    w.linearBackward(
      dinp: a.dnarrow, dweight: g.attnProjWeight, dbias: g.attnProjBias, continuing: continuing,
      dout: dresidual, inp: k.att, weight: p.attnProjWeight, N: N)
    Attention.backward(
      dqkv: a.wide, dout: a.dnarrow, out: k.att, rowMax: k.rowMax, rowInverse: k.rowInverse,
      qkv: k.qkv, shape: forward.attentionShape(l, B: B, T: T), on: w.team, scratch: w.attention)
    // qkv = ln1(residual)·attnWeight + attnBias
    LayerNorm.recompute(
      out: a.normed, mean: k.ln1Mean, rstd: k.ln1Rstd, inp: k.residual, weight: p.ln1Weight,
      bias: p.ln1Bias, N: N, C: C, on: w.team)
    w.linearBackward(
      dinp: a.dnarrow, dweight: g.attnWeight, dbias: g.attnBias, continuing: continuing,
      dout: a.wide, inp: a.normed, weight: p.attnWeight, N: N)
    LayerNorm.backward(
      dinp: dresidual, accumulate: true, dweight: g.ln1Weight, dbias: g.ln1Bias,
      continuing: continuing, dout: a.dnarrow, inp: k.residual, mean: k.ln1Mean, rstd: k.ln1Rstd,
      weight: p.ln1Weight, N: N, C: C, on: w.team)
  }
}
