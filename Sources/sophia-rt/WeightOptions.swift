import ArgumentParser
import Kernels

/// In which precision a checkpoint's matrices are held.
struct WeightOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Hold matrices as f32, bf16, int8 or int4: the fewer bits, the faster, and the further from "
        + "the checkpoint.", valueName: "type"), transform: Self.precision)
  var weights = WeightPrecision.f32

  /// A precision by its name. Throws a ValidationError that lists them.
  static func precision(_ name: String) throws -> WeightPrecision {
    guard let precision = WeightPrecision(rawValue: name) else {
      throw ValidationError(
        "--weights \(name): expected one of "
          + WeightPrecision.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return precision
  }
}
