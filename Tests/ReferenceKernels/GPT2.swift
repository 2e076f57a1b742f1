extension Reference {
  /// GPT-2 (Radford et al. 2019) as scalar formulas, one sequence at a time, its parameters one list
  /// in the order of the Hugging Face names: wte, wpe, the layers, ln_f.
  public struct GPT2: Sendable {
    /// Vocabulary V, context length, width C, layers L, heads H, inner width F of the MLP.
    public let V, contextLength, C, L, H, F: Int
    /// Whether the head multiplies with wte; else its matrix comes after ln_f.
    public let tiesHead: Bool
    /// ε of LayerNorm.
    public let epsilon: Double
    /// Scores of layer l are divided by l + 1 too.
    public let scaleByInverseLayer: Bool

    /// Memberwise.
    public init(
      V: Int, contextLength: Int, C: Int, L: Int, H: Int, F: Int? = nil, tiesHead: Bool = true,
      epsilon: Double, scaleByInverseLayer: Bool
    ) {
      (self.F, self.tiesHead) = (F ?? 4 * C, tiesHead)
      (self.V, self.contextLength, self.C, self.L, self.H) = (V, contextLength, C, L, H)
      (self.epsilon, self.scaleByInverseLayer) = (epsilon, scaleByInverseLayer)
    }

    /// The logits of each position, (T, V).
    public func logits(_ parameters: [Double], tokens: [Int]) -> [[Double]] {
      forward(parameters, tokens)
    }

    /// The mean loss in nats a token over all sequences, and its gradient.
    /// - tokens, targets: (B, T).
    public func gradient(
      _ parameters: [Double], tokens: [[Int]], targets: [[Int]]
    ) -> (loss: Double, gradient: [Double]) {
      var (loss, gradient) = (0.0, [Double](repeating: 0, count: parameters.count))
      let count = Double(tokens.reduce(0) { $0 + $1.count })
      for (row, labels) in zip(tokens, targets) {
        let tape = Tape()
        let sum = lossSum(parameters.map { tape.variable($0) }, row, labels)
        loss += sum.value / count
        for (i, d) in tape.gradient(of: sum, count: parameters.count).enumerated() {
          gradient[i] += d / count
        }
      }
      return (loss, gradient)
    }

    /// The gradient of −ln p(label) at the position after `tokens`.
    public func labelGradient(_ parameters: [Double], tokens: [Int], label: Int) -> [Double] {
      let tape = Tape()
      let row = forward(parameters.map { tape.variable($0) }, tokens)[tokens.count - 1]
      let loss = row.reduce(Traced(0)) { $0 + $1.exponential() }.logarithm() - row[label]
      return tape.gradient(of: loss, count: parameters.count)
    }

    /// The mean loss alone.
    public func loss(_ parameters: [Double], tokens: [[Int]], targets: [[Int]]) -> Double {
      zip(tokens, targets).reduce(0) { $0 + lossSum(parameters, $1.0, $1.1) }
        / Double(tokens.reduce(0) { $0 + $1.count })
    }

    private func lossSum<Number: ReferenceNumber>(
      _ parameters: [Number], _ tokens: [Int], _ targets: [Int]
    ) -> Number {
      var sum = Number(0)
      for (row, target) in zip(forward(parameters, tokens), targets) {
        let top = Number(row.reduce(-.infinity) { max($0, $1.value) })
        let total = row.reduce(Number(0)) { $0 + ($1 - top).exponential() }
        sum = sum + total.logarithm() + top - row[target]
      }
      return sum
    }

    private func forward<Number: ReferenceNumber>(
      _ parameters: [Number], _ tokens: [Int]
    ) -> [[Number]] {
      var rest = parameters[...]
      func take(_ count: Int) -> ArraySlice<Number> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
      }
      func norm(_ x: [[Number]]) -> [[Number]] {
        let (weight, bias) = (Array(take(C)), Array(take(C)))
        return x.map { normalised($0, weight, bias) }
      }
      func linear(_ x: [[Number]], to: Int) -> [[Number]] {
        let (weight, bias) = (Array(take(x[0].count * to)), Array(take(to)))
        return x.map { row in
          var out = bias
          for (i, number) in row.enumerated() {
            for j in 0..<to { out[j] = out[j] + number * weight[i * to + j] }
          }
          return out
        }
      }
      let (wte, wpe) = (Array(take(V * C)), Array(take(contextLength * C)))
      var x = tokens.enumerated().map { t, token in
        (0..<C).map { wte[token * C + $0] + wpe[t * C + $0] }
      }
      for l in 0..<L {
        let qkv = linear(norm(x), to: 3 * C)
        x = sum(linear(attention(qkv, layer: l), to: C), x)
        let fc = linear(norm(x), to: F)
        x = sum(linear(fc.map { $0.map(gelu) }, to: C), x)
      }
      let last = norm(x)
      let head = tiesHead ? wte : Array(take(V * C))
      return last.map { row in
        (0..<V).map { v in
          (0..<C).reduce(Number(0)) { $0 + row[$1] * head[v * C + $1] }
        }
      }
    }

    private func sum<Number: ReferenceNumber>(_ a: [[Number]], _ b: [[Number]]) -> [[Number]] {
      zip(a, b).map { zip($0, $1).map { $0 + $1 } }
    }

    private func normalised<Number: ReferenceNumber>(
      _ x: [Number], _ weight: [Number], _ bias: [Number]
    ) -> [Number] {
      let share = Number(1 / Double(C))
      let mean = x.reduce(Number(0), +) * share
      let variance = x.reduce(Number(0)) { $0 + ($1 - mean) * ($1 - mean) } * share
      let rstd = (variance + Number(epsilon)).raised(to: -0.5)
      return x.indices.map { (x[$0] - mean) * rstd * weight[$0] + bias[$0] }
    }

    private func gelu<Number: ReferenceNumber>(_ x: Number) -> Number {
      let u = Number((2 / Double.pi).squareRoot()) * (x + Number(0.044715) * x * x * x)
      return Number(0.5) * x * (Number(1) + u.hyperbolicTangent())
    }

    /// qkv (T, 3C) → (T, C).
    private func attention<Number: ReferenceNumber>(
      _ qkv: [[Number]], layer: Int
    ) -> [[Number]] {
      let D = C / H
      let scale = Number(1 / Double(D).squareRoot() / Double(scaleByInverseLayer ? layer + 1 : 1))
      return qkv.indices.map { t in
        var out: [Number] = []
        for h in 0..<H {
          let (q, k, v) = (h * D, C + h * D, 2 * C + h * D)
          let scores = (0...t).map { s in
            (0..<D).reduce(Number(0)) { $0 + qkv[t][q + $1] * qkv[s][k + $1] } * scale
          }
          let top = Number(scores.reduce(-.infinity) { max($0, $1.value) })
          let e = scores.map { ($0 - top).exponential() }
          let inverse = e.reduce(Number(0), +).raised(to: -1)
          for d in 0..<D {
            out.append((0...t).reduce(Number(0)) { $0 + e[$1] * qkv[$1][v + d] } * inverse)
          }
        }
        return out
      }
    }
  }
}
