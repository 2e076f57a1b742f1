public import Checkpoints
public import Dataset
public import Machine
import Recipes

/// Why a run cannot start or go on. Each description is one line.
public enum TrainingError: Error, CustomStringConvertible {
  /// Flags, keys or values that don't fit; the line says which and what to do.
  case configuration(String)
  /// Loss or gradient is not finite: the weights before it are untouched. `step` counts from 1;
  /// `tensor` is the first bad one, if one is known.
  case nonFinite(step: Int, what: String, tensor: String?)
  /// The guard against spikes skipped too many batches. `step`, the last of them, counts from 1.
  case spikes(step: Int, reason: String)
  /// The plan asks for more memory than there is.
  case memory(needed: Int, limit: MemoryLimit, advice: String)
  /// The system refused memory.
  case allocation(MemoryError)
  /// Checkpoints.
  case checkpoint(CheckpointError)
  /// Data.
  case dataset(DatasetError)
  /// The disk, and what else has no case of its own.
  case other(any Error)

  /// One line for the user.
  public var description: String {
    switch self {
    case .configuration(let text): return text
    case .nonFinite(let step, let what, let tensor):
      let first = tensor.map { " (first bad tensor: \($0))" } ?? ""
      return
        "step \(step): \(what) is not finite\(first): stopped before the update, checkpoints are from "
        + "before it (lower --lr, lengthen --warmup or, with Sophia, raise --gamma)"
    case .spikes(let step, let reason):
      return
        "step \(step): \(reason), the \(SpikeGuard.limit)th batch to be skipped within "
        + "\(SpikeGuard.window) steps: stopped (begin a new run with a lower --lr, a longer --warmup or, "
        + "with Sophia, a larger --gamma, or from a checkpoint's weights by --init-from; a larger --spike-guard skips less)"
    case .memory(let needed, let limit, let advice):
      return "this run needs \(ByteCount(needed)), there is \(limit): \(advice)"
    case .allocation(let error): return error.description
    case .checkpoint(let error): return error.description
    case .dataset(let error): return error.description
    case .other(let error): return "\(error)"
    }
  }
}

/// Runs `body` with its errors turned into this module's.
func asTraining<T>(_ body: () throws -> T) throws(TrainingError) -> T {
  do {
    return try body()
  } catch let error as TrainingError {
    throw error
  } catch let error as ConfigurationError {
    throw .configuration(error.description)
  } catch let error as CheckpointError {
    throw .checkpoint(error)
  } catch let error as DatasetError {
    throw .dataset(error)
  } catch let error as MemoryError {
    throw .allocation(error)
  } catch {
    throw .other(error)
  }
}
