/// What GPT-2's pattern tells apart in a Unicode scalar: `\p{L}`, `\p{N}`, `\s`, and the rest.
enum ScalarClass {
  static let other: UInt8 = 0
  static let letter: UInt8 = 1
  static let number: UInt8 = 2
  static let space: UInt8 = 3

  /// Class of each scalar, indexed by the scalar, up to the last one that is not `other`.
  static let table: [UInt8] = {
    let count = Int((scalarClassRanges.last ?? 0) >> 2)
    var table = [UInt8](repeating: other, count: count)
    for (entry, next) in zip(scalarClassRanges, scalarClassRanges.dropFirst()) {
      for scalar in Int(entry >> 2)..<Int(next >> 2) { table[scalar] = UInt8(entry & 3) }
    }
    return table
  }()
}
