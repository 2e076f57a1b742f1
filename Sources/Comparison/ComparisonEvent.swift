public import Training

/// What a study tells its caller while it goes on.
public enum ComparisonEvent {
  /// Where a cell stands among the others.
  public struct Place: Sendable {
    /// The cell.
    public var cell: String
    /// Its number, from 1.
    public var number: Int
    /// Cells in all.
    public var count: Int
    /// Tokens of the cells that come after it.
    public var tokensAfter: Int
  }

  /// A line for the user.
  case notice(String)
  /// What long work before the first cell is doing.
  case preparing(String)
  /// How many cells there are, how many of them are finished already.
  case planned(cells: Int, finished: Int)
  /// A cell begins, or goes on.
  case began(Place)
  /// Something happened in its run.
  case training(Place, TrainingEvent)
  /// A cell ended.
  case ended(Place, CellResult)
  /// The report was drawn.
  case reported(path: String)
}
