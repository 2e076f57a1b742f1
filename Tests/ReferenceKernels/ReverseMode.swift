import Glibc

/// What a formula needs to be written once for numbers and for numbers that remember where they
/// came from.
public protocol ReferenceNumber {
  /// The number itself.
  var value: Double { get }
  /// A constant.
  init(_ value: Double)
  /// a + b.
  static func + (a: Self, b: Self) -> Self
  /// a - b.
  static func - (a: Self, b: Self) -> Self
  /// a·b.
  static func * (a: Self, b: Self) -> Self
  /// e^self.
  func exponential() -> Self
  /// ln self.
  func logarithm() -> Self
  /// self^power.
  func raised(to power: Double) -> Self
  /// tanh self.
  func hyperbolicTangent() -> Self
}

extension Double: ReferenceNumber {
  /// Itself.
  public var value: Double { self }
  /// e^self.
  public func exponential() -> Double { exp(self) }
  /// ln self.
  public func logarithm() -> Double { log(self) }
  /// self^power.
  public func raised(to power: Double) -> Double { pow(self, power) }
  /// tanh self.
  public func hyperbolicTangent() -> Double { tanh(self) }
}

/// Reverse-mode differentiation: every operation is noted with its two partial derivatives, so a
/// gradient owes nothing to a backward pass that somebody derived.
final class Tape {
  private struct Node {
    let left, right: Int32
    let dLeft, dRight: Double
  }
  private var nodes: [Node] = []

  /// A variable.
  func variable(_ value: Double) -> Traced {
    note(value, -1, 0, -1, 0)
  }

  fileprivate func note(
    _ value: Double, _ left: Int32, _ dLeft: Double, _ right: Int32, _ dRight: Double
  ) -> Traced {
    nodes.append(Node(left: left, right: right, dLeft: dLeft, dRight: dRight))
    return Traced(value: value, index: Int32(nodes.count - 1), tape: self)
  }

  /// The derivatives of `result` with respect to the first `count` things noted.
  func gradient(of result: Traced, count: Int) -> [Double] {
    var d = [Double](repeating: 0, count: nodes.count)
    d[Int(result.index)] = 1
    for i in nodes.indices.reversed() where d[i] != 0 {
      let node = nodes[i]
      if node.left >= 0 { d[Int(node.left)] += node.dLeft * d[i] }
      if node.right >= 0 { d[Int(node.right)] += node.dRight * d[i] }
    }
    return Array(d[..<count])
  }
}

/// A number on a tape, or a constant. The tape must outlive it.
struct Traced: ReferenceNumber {
  let value: Double
  fileprivate let index: Int32
  private unowned(unsafe) let tape: Tape?

  fileprivate init(value: Double, index: Int32, tape: Tape) {
    (self.value, self.index, self.tape) = (value, index, tape)
  }

  init(_ value: Double) {
    (self.value, index, tape) = (value, -1, nil)
  }

  private static func note(
    _ value: Double, _ a: Traced, _ da: Double, _ b: Traced, _ db: Double
  ) -> Traced {
    (a.tape ?? b.tape)?.note(value, a.index, da, b.index, db) ?? Traced(value)
  }

  private func note(_ value: Double, _ slope: Double) -> Traced {
    tape?.note(value, index, slope, -1, 0) ?? Traced(value)
  }

  static func + (a: Traced, b: Traced) -> Traced { note(a.value + b.value, a, 1, b, 1) }
  static func - (a: Traced, b: Traced) -> Traced { note(a.value - b.value, a, 1, b, -1) }
  static func * (a: Traced, b: Traced) -> Traced { note(a.value * b.value, a, b.value, b, a.value) }

  func exponential() -> Traced { note(exp(value), exp(value)) }
  func logarithm() -> Traced { note(log(value), 1 / value) }
  func raised(to power: Double) -> Traced {
    note(pow(value, power), power * pow(value, power - 1))
  }
  func hyperbolicTangent() -> Traced {
    let t = tanh(value)
    return note(t, 1 - t * t)
  }
}
