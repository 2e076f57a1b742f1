public import Machine
import Kernels

/// Each tensor of a GPT-2 model, in the order of ``ModelTensors``, which declares them: from this table
/// come the arena, the gradients, the optimizer's state, the checkpoint's entries and the loops of the
/// tests.
public struct ParameterTable: Sendable {
  /// How a tensor begins.
  public enum Initialization: Sendable, Equatable {
    /// All zero.
    case zeros
    /// All one.
    case ones
    /// Normal with this standard deviation.
    case normal(Float)
  }

  /// One tensor.
  public struct Entry: Sendable, Equatable {
    /// The Hugging Face name, such as `transformer.h.0.attn.c_attn.weight`.
    public let name: String
    /// Dimensions; matrices are (in, out), embeddings (rows, C).
    public let shape: [Int]
    /// First float in the arena.
    public let offset: Int
    /// Number of floats.
    public let count: Int
    /// How many linear maps lie side by side in it: 3 in c_attn (to q, k and v), 1 in other linear
    /// weights, 0 in embeddings and vectors.
    public let matrices: Int
    /// Whether weight decay applies: linear weights only, neither embeddings, biases nor LayerNorm
    /// (model.py of Sophia's authors).
    public var decayed: Bool { matrices > 0 }
    /// How it begins.
    public let initialization: Initialization
    /// Whether it is (V, C), a row a token: wte and a head of its own.
    let isEmbedding: Bool
  }

  /// The model.
  public let config: GPT2Config
  /// All tensors, in the arena's order, without gaps.
  public let entries: [Entry]
  /// The same by name.
  let tensors: ModelTensors<Entry, Entry>
  /// Floats in all.
  public let count: Int

  /// The table of a model.
  public init(_ config: GPT2Config) {
    self.config = config
    var entries: [Entry] = []
    func add(_ entry: Entry) -> Entry {
      entries.append(entry)
      return entry
    }
    tensors = ModelTensors(config, weight: add, vector: add)
    self.entries = entries
    count = entries.reduce(0) { $0 + $1.count }
  }

  /// Fills `arena` with initial values: a pure function of (seed, tensor, index).
  public func initialize(_ arena: Arena, seed: UInt64, on team: ThreadTeam) {
    precondition(arena.count == count, "ParameterTable: arena of \(arena.count), not \(count)")
    let random = Philox(seed: seed)
    for (index, entry) in entries.enumerated() {
      let view = arena.view(entry.offset, count: entry.count)
      switch entry.initialization {
      case .zeros: view.buffer.update(repeating: 0)
      case .ones: view.buffer.update(repeating: 1)
      case .normal(let deviation):
        team.parallelFor(entry.count, grain: 1 << 12) { range in
          for i in range {
            view.base[i] =
              deviation * Float(normal(random, tensor: UInt32(index), at: UInt64(i)))
          }
        }
      }
    }
  }

  /// A standard normal number by Marsaglia's polar method, the words of a try being a counter.
  private func normal(_ random: Philox, tensor: UInt32, at index: UInt64) -> Double {
    let stream = RandomStream.weights.number(tensor)
    var attempt: UInt32 = 0
    while true {
      let u = 2 * random.uniform(stream: stream, index, 2 * attempt) - 1
      let v = 2 * random.uniform(stream: stream, index, 2 * attempt + 1) - 1
      let s = u * u + v * v
      if s > 0 && s < 1 { return u * (-2 * VectorMath.log(s) / s).squareRoot() }
      attempt += 1
    }
  }
}
