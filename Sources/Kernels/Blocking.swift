internal import CSupport

/// The block sizes of GEMM by the names of the BLIS papers (Van Zee and van de Geijn 2015). What
/// differs by machine is in this table; none of it enters the bits of a result.
public struct Blocking: Sendable {
  /// Rows of a register tile.
  public let MR: Int
  /// Vectors of 16 floats in a row of a register tile.
  public let NV: Int
  /// Rows of A that a thread packs at a time; MC × KC floats stay in its L2.
  public let MC: Int
  /// Depth of a block. With AVX2 its KC × NR floats of B stay in L1; with AVX-512 they stream from L2,
  /// which costs less than going over C once more.
  public let KC: Int
  /// Columns of B that the team packs at a time; KC × NC floats stay in the shared cache.
  public let NC: Int
  /// Bytes ahead in a stream of weights narrower than floats at which a single tile asks for them; 0
  /// where the processor's own prefetch does better.
  var streamAhead = 0
  /// Columns of a register tile.
  public var NR: Int { 16 * NV }

  /// The row of the table that this build uses, by the number of vector registers: known to the
  /// compiler, which leaves out the tiles of the other.
  public static var current: Blocking { row(CS_VECTOR_REGISTERS) }

  private static func row(_ registers: Int32) -> Blocking { registers == 32 ? avx512 : avx2 }
  /// 32 zmm registers: 24 accumulators, 2 for B, the rest for broadcasts of A.
  private static let avx512 = Blocking(MR: 12, NV: 2, MC: 96, KC: 768, NC: 3072)
  /// 16 ymm registers: a logical vector is two of them, so 12 accumulators, 2 for B, 2 for A.
  private static let avx2 = Blocking(MR: 6, NV: 1, MC: 144, KC: 384, NC: 3072, streamAhead: 2048)
}
