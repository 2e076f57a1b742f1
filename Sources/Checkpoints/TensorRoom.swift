import Glibc

/// Memory for the floats of a tensor. A file of holes can name a tensor of any size, so that there is
/// none for it is an error like others.
public final class TensorRoom {
  /// The floats, valid while this object lives.
  public let values: UnsafeMutableBufferPointer<Float>

  /// Room for `count` floats. Throws `CheckpointError.noMemory`.
  public init(count: Int) throws(CheckpointError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    guard !overflow, let start = malloc(max(bytes, 1)) else {
      throw .noMemory(bytes: overflow ? Int.max : bytes)
    }
    values = UnsafeMutableBufferPointer(
      start: start.bindMemory(to: Float.self, capacity: count), count: count)
  }

  deinit { free(values.baseAddress) }
}
