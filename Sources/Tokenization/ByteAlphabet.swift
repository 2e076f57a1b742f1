/// GPT-2's alphabet: one printable character for each byte, in which the vocabularies of byte-level
/// tokenizers are written. Bytes that Latin-1 prints (`!`…`~`, `¡`…`¬`, `®`…`ÿ`) are themselves; the
/// others are U+0100, U+0101, … in order. GPT-2 numbers its byte tokens in the order of the characters.
enum ByteAlphabet {
  /// Bytes in the order of their token ids.
  static let order: [UInt8] = {
    let printable = (0...255).filter { isPrintable($0) }
    return (printable + (0...255).filter { !isPrintable($0) }).map { UInt8($0) }
  }()

  /// The scalar of each byte.
  static let scalars: [Unicode.Scalar] = {
    var scalars = [Unicode.Scalar](repeating: " ", count: 256)
    var next: UInt8 = 0
    for byte in order {
      if isPrintable(Int(byte)) {
        scalars[Int(byte)] = Unicode.Scalar(byte)
      } else {
        scalars[Int(byte)] = Unicode.Scalar(UInt16(0x100) + UInt16(next)) ?? " "
        next += 1
      }
    }
    return scalars
  }()

  /// The byte of each scalar, indexed by scalar; nil for scalars outside the alphabet.
  private static let bytes: [UInt8?] = {
    var bytes = [UInt8?](repeating: nil, count: 0x100 + 68)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = UInt8(byte) }
    return bytes
  }()

  /// `bytes` as the vocabulary spells them.
  static func spell(_ bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(scalars[Int(byte)]) }
    return String(text)
  }

  /// The bytes that `spelling` stands for; nil if it has a character outside the alphabet.
  static func bytes(spelling: some Sequence<Unicode.Scalar>) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in spelling {
      guard Int(scalar.value) < bytes.count, let byte = bytes[Int(scalar.value)] else { return nil }
      result.append(byte)
    }
    return result
  }

  private static func isPrintable(_ byte: Int) -> Bool {
    (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
  }
}
