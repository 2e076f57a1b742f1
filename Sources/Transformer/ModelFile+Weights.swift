public import Kernels
public import Machine

extension ModelFile {
  /// The weights, packed for decoding; no second copy is held beside them. Throws ``MemoryError`` or
  /// ``CheckpointError``.
  public func decoderModel(
    _ precision: WeightPrecision = .f32, on team: ThreadTeam
  ) throws -> DecoderModel {
    let model = try DecoderModel(config, precision)
    try model.load(on: team) { entry, elements, values in
      try read(entry, elements: elements, into: values)
    }
    return model
  }

  /// What tells losses of the weights on sequences of `T` tokens: the training forward, or for other
  /// weights than f32 a decoder. Throws ``MemoryError`` or ``CheckpointError``.
  /// - sequences: how many there are at least, if few.
  public func losses(
    _ precision: WeightPrecision, T: Int, sequences: Int = .max, on team: ThreadTeam
  ) throws -> any TokenLosses {
    if precision != .f32 {
      return try DecoderLosses(decoderModel(precision, on: team), T: T, on: team)
    }
    let (theta, unused) = (try Arena(count: table.count), try Arena(count: table.count))
    try read(into: theta)
    return try StepGradient(
      config, table: table, parameters: theta, gradients: unused, curvature: nil,
      microBatch: max(1, min(sequences, 4096 / T)), T: T, on: team)
  }
}
