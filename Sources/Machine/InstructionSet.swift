import CSupport

/// The instruction path of this build, and whether this CPU has it.
///
/// A build that asks for more than the CPU has never reaches Swift code: a constructor in
/// CSupport/isa.c ends the process with a sentence before main.
public enum InstructionSet {
  /// The kernel path: "avx512" (32 vector registers) or "avx2" (16).
  public static var built: String { CS_ISA_NAME }

  /// The CPU features that the compiler was free to use, in the order of their invention.
  public static var features: [String] { names(cs_isa_built()) }

  static func missing(built: UInt64, present: UInt64) -> [String] { names(built & ~present) }

  static func names(_ mask: UInt64) -> [String] {
    (0..<cs_isa_feature_count()).filter { mask >> UInt64($0) & 1 == 1 }
      .compactMap { cs_isa_feature_name($0).map { String(cString: $0) } }
  }
}
