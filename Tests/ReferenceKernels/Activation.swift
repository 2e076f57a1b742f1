import Glibc

extension Reference {
  /// GELU in GPT-2's tanh form: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
  public static func gelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  /// GELU itself: x·Φ(x).
  public static func exactGELU(_ x: Double) -> Double { 0.5 * x * erfc(-x / 2.squareRoot()) }

  /// The derivative of ``gelu(_:)``.
  public static func geluSlope(_ x: Double) -> Double {
    let root = (2 / Double.pi).squareRoot()
    let t = tanh(root * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x)
  }
}
