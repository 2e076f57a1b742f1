import Kernels
import Machine

/// The tangent of ``Backward`` along a direction of the parameters, for one sequence: with the
/// gradient of each activation goes its tangent, and the tangents of the parameters' gradients are
/// the product of the Hessian with the direction. The parameters' gradients themselves are not made.
struct TangentBackward {
  let forward: Forward
  let direction: ParameterViews
  let tangents: Activations
  let attention: Attention.Scratch
  /// Where the product goes.
  let product: ParameterViews
  /// Whether earlier sequences are in it; else it is overwritten (but for the head's share of wte).
  let continuing: Bool

  /// `dresidual` of activations and tangents: gradient of the head's input, used up.
  /// - tokens: (T).
  func run(_ tokens: UnsafePointer<UInt16>, T: Int) {
    let C = forward.config.width
    let (a, t, p, u, team) = (
      forward.activations, tangents, forward.parameters, direction, forward.workspace.team
    )
    // lnf = LayerNorm(final)
    forward.workspace.copy(a.dresidual, to: a.dnarrow, T * C)
    forward.workspace.copy(t.dresidual, to: t.dnarrow, T * C)
    LayerNorm.backwardTangent(
      dinp: a.dresidual, dinpTangent: t.dresidual, accumulate: false,
      dweightTangent: product.lnfWeight, dbiasTangent: product.lnfBias, continuing: continuing,
      scratch: t.wide, dout: a.dnarrow, doutTangent: t.dnarrow, inp: a.final, inpTangent: t.final,
      mean: a.lnfMean, rstd: a.lnfRstd, weight: p.lnfWeight, weightTangent: u.lnfWeight, N: T,
      C: C, on: team)
    for l in (0..<forward.config.layers).reversed() {
      feedForward(l, T)
      selfAttention(l, T)
    }
    // residual = wte[token] + wpe[position]
    Embedding.addTokenGradients(
      dwte: product.wte.base, dout: t.dresidual, tokens: tokens, B: 1, T: T, C: C, on: team)
    Embedding.positionGradients(
      dwpe: product.wpe, continuing: continuing, dout: t.dresidual, B: 1, T: T, C: C, on: team)
  }

  private var again: TangentForward {
    TangentForward(
      forward: forward, direction: direction, tangents: tangents, attention: attention)
  }

  private func feedForward(_ l: Int, _ T: Int) {
    let C = forward.config.width
    let (a, t, w) = (forward.activations, tangents, forward.workspace)
    let (p, u, g) = (forward.parameters.layers[l], direction.layers[l], product.layers[l])
    let (k, kt) = (a.layers[l], t.layers[l])
    // out = gelu(fc)·fcProjWeight + fcProjBias + middle
    again.gelu(l, T)
    w.linearBackwardTangent(
      dinp: a.wide, dinpTangent: t.wide, dweightTangent: g.fcProjWeight,
      dbiasTangent: g.fcProjBias, continuing: continuing, dout: a.dresidual,
      doutTangent: t.dresidual, inp: a.gelu, inpTangent: t.gelu, weight: p.fcProjWeight,
      weightTangent: u.fcProjWeight, N: T)
    GELU.backwardTangent(
      dout: a.wide, doutTangent: t.wide, inp: k.fc, inpTangent: kt.fc,
      count: T * forward.config.innerWidth, on: w.team)
    // fc = ln2(middle)·fcWeight + fcBias
    again.normed2(l, T)
    w.linearBackwardTangent(
      dinp: a.dnarrow, dinpTangent: t.dnarrow, dweightTangent: g.fcWeight, dbiasTangent: g.fcBias,
      continuing: continuing, dout: a.wide, doutTangent: t.wide, inp: a.normed,
      inpTangent: t.normed, weight: p.fcWeight, weightTangent: u.fcWeight, N: T)
    LayerNorm.backwardTangent(
      dinp: a.dresidual, dinpTangent: t.dresidual, accumulate: true, dweightTangent: g.ln2Weight,
      dbiasTangent: g.ln2Bias, continuing: continuing, scratch: t.wide, dout: a.dnarrow,
      doutTangent: t.dnarrow, inp: k.middle, inpTangent: kt.middle, mean: k.ln2Mean,
      rstd: k.ln2Rstd, weight: p.ln2Weight, weightTangent: u.ln2Weight, N: T, C: C, on: w.team)
  }

  private func selfAttention(_ l: Int, _ T: Int) {
    let C = forward.config.width
    let (a, t, w) = (forward.activations, tangents, forward.workspace)
    let (p, u, g) = (forward.parameters.layers[l], direction.layers[l], product.layers[l])
    let (k, kt) = (a.layers[l], t.layers[l])
    let shape = forward.attentionShape(l, B: 1, T: T)
    // middle = att·attnProjWeight + attnProjBias + residual
    w.linearBackwardTangent(
      dinp: a.dnarrow, dinpTangent: t.dnarrow, dweightTangent: g.attnProjWeight,
      dbiasTangent: g.attnProjBias, continuing: continuing, dout: a.dresidual,
      doutTangent: t.dresidual, inp: k.att, inpTangent: kt.att, weight: p.attnProjWeight,
      weightTangent: u.attnProjWeight, N: T)
    Attention.backward(
      dqkv: a.wide, dout: a.dnarrow, out: k.att, rowMax: k.rowMax, rowInverse: k.rowInverse,
      qkv: k.qkv, shape: shape, on: w.team, scratch: w.attention)
    Attention.backwardTangent(
      dqkvTangent: t.wide, dout: a.dnarrow, doutTangent: t.dnarrow, out: k.att,
      outTangent: kt.att, rowMax: k.rowMax, rowInverse: k.rowInverse, sigma: kt.rowMax,
      qkv: k.qkv, qkvTangent: kt.qkv, shape: shape, on: w.team, scratch: attention)
    // qkv = ln1(residual)·attnWeight + attnBias
    again.normed1(l, T)
    w.linearBackwardTangent(
      dinp: a.dnarrow, dinpTangent: t.dnarrow, dweightTangent: g.attnWeight,
      dbiasTangent: g.attnBias, continuing: continuing, dout: a.wide, doutTangent: t.wide,
      inp: a.normed, inpTangent: t.normed, weight: p.attnWeight, weightTangent: u.attnWeight, N: T)
    LayerNorm.backwardTangent(
      dinp: a.dresidual, dinpTangent: t.dresidual, accumulate: true, dweightTangent: g.ln1Weight,
      dbiasTangent: g.ln1Bias, continuing: continuing, scratch: t.wide, dout: a.dnarrow,
      doutTangent: t.dnarrow, inp: k.residual, inpTangent: kt.residual, mean: k.ln1Mean,
      rstd: k.ln1Rstd, weight: p.ln1Weight, weightTangent: u.ln1Weight, N: T, C: C, on: w.team)
  }
}
