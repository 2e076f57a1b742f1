import Kernels
import Machine

/// The training forward: tokens to the head's input. Eight calls a layer, in the paper's order.
struct Forward {
  let config: GPT2Config
  let parameters: ParameterViews
  let activations: Activations
  let workspace: Workspace

  /// - tokens: (B, T).
  func run(_ tokens: UnsafePointer<UInt16>, B: Int, T: Int) {
    let (N, C, L) = (B * T, config.width, config.layers)
    let (p, a, w) = (parameters, activations, workspace)
    Embedding.forward(
      out: L > 0 ? a.layers[0].residual : a.final, tokens: tokens, wte: p.wte.base, wpe: p.wpe,
      B: B,
      T: T, C: C, on: w.team)
    for l in 0..<L {
      layer(l, B: B, T: T)
      // out = gelu(fc)·fcProjWeight + fcProjBias + middle
      let (p, k) = (parameters.layers[l], a.layers[l])
      config.activation.forward(out: a.gelu, inp: k.fc, count: N * config.innerWidth, on: w.team)
      w.linear(
        l + 1 < L ? a.layers[l + 1].residual : a.final, a.gelu, p.fcProjWeight, p.fcProjBias, N: N,
        adding: k.middle)
    }
    LayerNorm.forward(
      out: a.lnf, mean: a.lnfMean, rstd: a.lnfRstd, inp: a.final, weight: p.lnfWeight,
      bias: p.lnfBias, N: N, C: C, epsilon: config.layerNormEpsilon, on: w.team)
  }

  /// From a layer's input to what it keeps.
  func layer(_ l: Int, B: Int, T: Int) {
    let (N, C, epsilon) = (B * T, config.width, config.layerNormEpsilon)
    let (p, k, a, w) = (parameters.layers[l], activations.layers[l], activations, workspace)
    LayerNorm.forward(
      out: a.normed, mean: k.ln1Mean, rstd: k.ln1Rstd, inp: k.residual, weight: p.ln1Weight,
      bias: p.ln1Bias, N: N, C: C, epsilon: epsilon, on: w.team)
    w.linear(k.qkv, a.normed, p.attnWeight, p.attnBias, N: N)
    Attention.forward(
      out: k.att, rowMax: k.rowMax, rowInverse: k.rowInverse, qkv: k.qkv,
      shape: attentionShape(l, B: B, T: T), on: w.team, scratch: w.attention)
    w.linear(
      k.middle, k.att, p.attnProjWeight, p.attnProjBias, N: N, adding: k.residual)
    LayerNorm.forward(
      out: a.normed, mean: k.ln2Mean, rstd: k.ln2Rstd, inp: k.middle, weight: p.ln2Weight,
      bias: p.ln2Bias, N: N, C: C, epsilon: epsilon, on: w.team)
    w.linear(k.fc, a.normed, p.fcWeight, p.fcBias, N: N)
  }

  func attentionShape(_ l: Int, B: Int, T: Int) -> Attention.Shape {
    Attention.Shape(
      B: B, T: T, H: config.heads, D: config.headSize, scale: config.attentionScale(layer: l))
  }
}
