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
  /// weights than f32 a decoder. Throws ``MemoryShortage``, ``MemoryError`` or
  /// ``CheckpointError``.
  /// - sequences: how many there are at least, if few.
  public func losses(
    _ precision: WeightPrecision, T: Int, sequences: Int = .max, on team: ThreadTeam
  ) throws -> any TokenLosses {
    let limit = MemoryLimit.current()
    if precision != .f32 {
      try limit.require(
        [
          ("weights", DecoderModel.bytes(config, precision)),
          ("workspace", Decoder.bytes(config, precision, threads: team.count)),
          ("program", 64 << 20),
        ], advice: "use --weights int8 or int4")
      return try DecoderLosses(decoderModel(precision, on: team), T: T, on: team)
    }
    let B = max(1, min(sequences, 4096 / T))
    try limit.require(
      [
        ("weights and room for gradients", 2 * 4 * table.count),
        (
          "activations of \(B)×\(T) tokens",
          StepGradient.bytes(config, microBatch: B, T: T, curvature: false, threads: team.count)
        ), ("program", 64 << 20),
      ], advice: "use --weights bf16, int8 or int4, or a smaller --context")
    let (theta, unused) = (try Arena(count: table.count), try Arena(count: table.count))
    try read(into: theta)
    return try StepGradient(
      config, table: table, parameters: theta, gradients: unused, curvature: nil,
      microBatch: B, T: T, on: team)
  }
}
