import CSupport
import Testing

@testable import Machine

@Suite struct InstructionSetTests {
  @Test func pathAndFeaturesAgree() {
    #expect(["avx2", "avx512"].contains(InstructionSet.built))
    for feature in ["avx2", "fma", "sse4_2"] { #expect(InstructionSet.features.contains(feature)) }
    #expect(InstructionSet.features.contains("avx512vl") == (InstructionSet.built == "avx512"))
  }

  @Test func namesWhatIsMissing() throws {
    let all = InstructionSet.names(.max)
    #expect(all.count == Int(cs_isa_feature_count()) && Set(all).count == all.count)
    let (avx2, fma) = (
      try #require(all.firstIndex(of: "avx2")), try #require(all.firstIndex(of: "fma"))
    )
    let built = UInt64(1) << UInt64(avx2) | UInt64(1) << UInt64(fma)
    #expect(InstructionSet.missing(built: built, present: .max) == [])
    #expect(InstructionSet.missing(built: built, present: ~(1 << UInt64(avx2))) == ["avx2"])
    #expect(InstructionSet.missing(built: built, present: 0) == ["fma", "avx2"])
  }

  @Test func cpuidAgreesWithTheKernel() throws {
    let text = try #require(SystemFiles.real.read("/proc/cpuinfo"))
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("flags") })
    let flags = Set(line.split(separator: " "))
    let spelled = ["lzcnt": "abm", "sse3": "pni"]
    // The kernel prints these for any CPU that has them; some newer ones only since late kernels.
    for name in InstructionSet.names(cs_isa_present()) where !name.hasPrefix("avx_") {
      #expect(flags.contains(Substring(spelled[name] ?? name)), "\(name)")
    }
    let known = Set(InstructionSet.names(.max))
    let present = Set(InstructionSet.names(cs_isa_present()))
    for flag in flags where known.contains(String(flag)) { #expect(present.contains(String(flag))) }
  }
}
