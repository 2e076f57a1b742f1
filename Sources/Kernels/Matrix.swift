/// A view of a matrix in memory: element (i, j) lies at `base[i * rowStride + j * columnStride]`.
/// One of the strides is 1; which one says whether the matrix is stored transposed.
public struct Matrix: @unchecked Sendable {
  /// Element (0, 0).
  public let base: UnsafeMutablePointer<Float>
  /// Floats from a row to the next.
  public let rowStride: Int
  /// Floats from a column to the next.
  public let columnStride: Int

  /// Rows as they lie: (rows, columns) with `ld` floats from row to row.
  public init(_ base: UnsafeMutablePointer<Float>, ld: Int) {
    self.base = base
    rowStride = ld
    columnStride = 1
  }

  private init(base: UnsafeMutablePointer<Float>, rowStride: Int, columnStride: Int) {
    self.base = base
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The transpose, in the same memory.
  public var transposed: Matrix {
    Matrix(base: base, rowStride: columnStride, columnStride: rowStride)
  }

  /// The view whose element (0, 0) is this one's (i, j).
  public func from(_ i: Int, _ j: Int) -> Matrix {
    Matrix(
      base: base + i * rowStride + j * columnStride, rowStride: rowStride,
      columnStride: columnStride)
  }
}
