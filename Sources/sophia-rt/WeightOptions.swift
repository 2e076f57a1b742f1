import ArgumentParser
import Kernels
import Transformer

/// In which precision a checkpoint's matrices are held.
struct WeightOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Hold matrices as f32, bf16, int8 or int4: the fewer bits, the less memory is read for each "
        + "token, and the further from the checkpoint.", valueName: "type"),
    transform: Self.precision)
  var weights = WeightPrecision.f32

  /// A precision by its name. Throws a ValidationError that lists them.
  static func precision(_ name: String) throws -> WeightPrecision { try named(name, "--weights") }

  /// The same for keys and values.
  static func kv(_ name: String) throws -> KVPrecision { try named(name, "--kv") }

  private static func named<P: RawRepresentable & CaseIterable>(
    _ name: String, _ option: String
  ) throws -> P where P.RawValue == String {
    guard let precision = P(rawValue: name) else {
      let names = P.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(option) \(name): expected one of \(names)")
    }
    return precision
  }
}
