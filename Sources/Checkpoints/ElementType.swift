/// The element types of the safetensors format.
public enum ElementType: String, Sendable, CaseIterable {
  /// A truth value in a byte.
  case bool = "BOOL"
  /// Four-bit float.
  case f4 = "F4"
  /// Six-bit float with 2 bits of exponent.
  case f6e2m3 = "F6_E2M3"
  /// Six-bit float with 3 bits of exponent.
  case f6e3m2 = "F6_E3M2"
  /// Unsigned, 8 bits.
  case u8 = "U8"
  /// Signed, 8 bits.
  case i8 = "I8"
  /// Eight-bit float with 5 bits of exponent.
  case f8e5m2 = "F8_E5M2"
  /// Eight-bit float with 4 bits of exponent.
  case f8e4m3 = "F8_E4M3"
  /// Eight bits of exponent.
  case f8e8m0 = "F8_E8M0"
  /// As `f8e4m3`, without negative zero.
  case f8e4m3fnuz = "F8_E4M3FNUZ"
  /// As `f8e5m2`, without negative zero.
  case f8e5m2fnuz = "F8_E5M2FNUZ"
  /// Signed, 16 bits.
  case i16 = "I16"
  /// Unsigned, 16 bits.
  case u16 = "U16"
  /// IEEE half precision.
  case f16 = "F16"
  /// The upper half of a single-precision number.
  case bf16 = "BF16"
  /// Signed, 32 bits.
  case i32 = "I32"
  /// Unsigned, 32 bits.
  case u32 = "U32"
  /// IEEE single precision.
  case f32 = "F32"
  /// Two single-precision numbers.
  case c64 = "C64"
  /// IEEE double precision.
  case f64 = "F64"
  /// Signed, 64 bits.
  case i64 = "I64"
  /// Unsigned, 64 bits.
  case u64 = "U64"

  /// The bits of an element.
  public var bitCount: Int {
    switch self {
    case .f4: 4
    case .f6e2m3, .f6e3m2: 6
    case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }
}
