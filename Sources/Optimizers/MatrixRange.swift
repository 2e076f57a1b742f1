/// A matrix inside a flat arena: element (i, j) is coordinate `offset + i·rowStride + j`.
public struct MatrixRange: Sendable, Equatable {
  /// Coordinate of element (0, 0).
  public var offset: Int
  /// Rows: inputs of the linear map.
  public var rows: Int
  /// Columns: its outputs.
  public var columns: Int
  /// Coordinates from a row to the next.
  public var rowStride: Int
  /// Whether weight decay applies.
  public var decayed: Bool

  /// The `count` matrices (rows, columns / count) that lie side by side in a tensor (rows, columns)
  /// at `offset`: one for most weights, three for GPT-2's c_attn, which maps to q, k and v at once.
  public static func sideBySide(
    _ count: Int, offset: Int, rows: Int, columns: Int, decayed: Bool
  ) -> [MatrixRange] {
    precondition(
      count >= 0 && (count == 0 || columns % count == 0),
      "MatrixRange: \(columns) columns are not \(count) matrices side by side")
    return (0..<count).map {
      MatrixRange(
        offset: offset + $0 * (columns / count), rows: rows, columns: columns / count,
        rowStride: columns, decayed: decayed)
    }
  }

  /// Row `i` as a piece of the arena.
  func row(_ i: Int) -> ParameterRange {
    ParameterRange(offset: offset + i * rowStride, count: columns, decayed: decayed)
  }
}
