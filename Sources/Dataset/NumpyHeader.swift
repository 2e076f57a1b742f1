/// The header of a `.npy` file (NumPy Enhancement Proposal 1): the magic bytes, a version, the length
/// of a text, and the text, a Python dictionary such as
/// `{'descr': '<u2', 'fortran_order': False, 'shape': (1000,), }`. Only this form is read, which NumPy
/// writes; it is no program, and nothing is evaluated.
struct NumpyHeader: Equatable {
  /// How a file begins.
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The type of the elements: byte order, kind and bytes, as `<u2`.
  private(set) var type = ""
  /// Whether the first index runs fastest.
  private(set) var isColumnMajor = false
  /// The dimensions.
  private(set) var shape: [Int] = []
  /// Where the elements begin.
  private(set) var dataOffset = 0

  /// Reads the header of a file that begins with ``magic``; nil if it is not of this form.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 12, bytes.starts(with: Self.magic), 1...3 ~= bytes[6] else { return nil }
    let lengthBytes = bytes[6] == 1 ? 2 : 4
    let length = bytes[8..<(8 + lengthBytes)].reversed().reduce(0) { $0 << 8 | Int($1) }
    dataOffset = 8 + lengthBytes + length
    // A header of one table of names has some hundred bytes; NumPy reads up to 10,000.
    guard length <= 10_000, dataOffset <= bytes.count else { return nil }
    var reader = Reader(rest: bytes[(8 + lengthBytes)..<dataOffset])
    guard read(from: &reader) else { return nil }
  }

  /// The number of elements; nil if it overflows.
  var count: Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return count
  }

  /// The dictionary: each of its three members once.
  private mutating func read(from reader: inout Reader) -> Bool {
    var missing: Set = ["descr", "fortran_order", "shape"]
    guard reader.take("{") else { return false }
    while !reader.take("}") {
      guard let key = reader.string(), missing.remove(key) != nil, reader.take(":") else {
        return false
      }
      switch key {
      case "descr":
        guard let text = reader.string() else { return false }
        type = text
      case "fortran_order":
        isColumnMajor = reader.take("True")
        guard isColumnMajor || reader.take("False") else { return false }
      default:
        guard let sizes = reader.integers() else { return false }
        shape = sizes
      }
      if !reader.take(",") {
        guard reader.take("}") else { return false }
        break
      }
    }
    return missing.isEmpty && reader.isAtEnd
  }

  /// Takes one word of the dictionary after the other, and the white space before it.
  private struct Reader {
    var rest: Slice<UnsafeRawBufferPointer>

    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return rest.isEmpty
      }
    }

    private mutating func skipSpace() {
      while let byte = rest.first, byte == 0x20 || byte == 0x0A { rest.removeFirst() }
    }

    mutating func take(_ word: String) -> Bool {
      skipSpace()
      guard rest.starts(with: word.utf8) else { return false }
      rest.removeFirst(word.utf8.count)
      return true
    }

    /// A string of printable ASCII in single quotes, without escapes.
    mutating func string() -> String? {
      guard take("'"), let end = rest.firstIndex(of: UInt8(ascii: "'")) else { return nil }
      let bytes = rest[rest.startIndex..<end]
      guard bytes.allSatisfy({ 0x20..<0x7F ~= $0 && $0 != UInt8(ascii: "\\") }) else { return nil }
      rest = rest[(end + 1)...]
      return String(decoding: bytes, as: UTF8.self)
    }

    /// A tuple of integers from 0 on: `()`, `(3,)`, `(3, 4)`.
    mutating func integers() -> [Int]? {
      guard take("(") else { return nil }
      var values: [Int] = []
      while !take(")") {
        skipSpace()
        let digits = rest.prefix { 0x30...0x39 ~= $0 }
        guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        values.append(value)
        rest.removeFirst(digits.count)
        if !take(",") {
          guard take(")") else { return nil }
          break
        }
      }
      return values
    }
  }
}
