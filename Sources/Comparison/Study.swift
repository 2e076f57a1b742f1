public import Files

/// What a study file says: one model on the same tokens under several arms, each a grid of settings.
///
///     {
///       "title": "Sophia-G and AdamW on books", "model": "tiny", "data": "data",
///       "tokens": 10000000, "seeds": [1], "finalist-seeds": [2, 3], "baseline": "adamw",
///       "settings": {"batch-tokens": 8192},
///       "arms": {
///         "adamw": {"optimizer": "adamw", "lr": [0.001, 0.002, 0.004]},
///         "sophia-g": {"optimizer": "sophia-g", "lr": [0.0005, 0.001], "gamma": [0.05, 0.5]}
///       }
///     }
///
/// Keys of settings and arms are the flags of `train`; a list of `grids` in an arm, each with values that
/// replace the arm's, makes the arm their union. Paths are relative to the study file.
public struct Study: Sendable, Equatable {
  /// A contender: every combination of a grid's values is a cell for each seed.
  public struct Arm: Sendable, Equatable {
    /// What the report calls it.
    public var name: String
    /// In each, the keys with the values they take; what two of them have in common is one cell.
    public var grids: [[Axis]]
    /// Seeds of its own; nil: the study's.
    public var seeds: [Int]?
    /// A token budget of its own; nil: the study's.
    public var tokens: Int?

    /// Every combination of each grid's values, its last key's going round fastest.
    var choices: [[JSONMember]] {
      var all: [[JSONMember]] = []
      for grid in grids {
        let choices = grid.reduce([[]]) { choices, axis in
          choices.flatMap { choice in axis.values.map { choice + [JSONMember(axis.key, $0)] } }
        }
        for choice in choices where !all.contains(where: { Self.isSame($0, choice) }) {
          all.append(choice)
        }
      }
      return all
    }

    /// What tells its cells apart: keys that were written as lists, and those that its grids do not
    /// have in common, with the values of all grids.
    var varying: [Axis] {
      var axes: [Axis] = []
      for axis in grids.joined() {
        if let at = axes.firstIndex(where: { $0.key == axis.key }) {
          axes[at].values += axis.values.filter { !axes[at].values.contains($0) }
          axes[at].isList = axes[at].isList || axis.isList
        } else {
          axes.append(axis)
        }
      }
      return axes.filter { axis in
        axis.isList || axis.values.count > 1
          || !grids.allSatisfy { grid in grid.contains { $0.key == axis.key } }
      }
    }

    /// The part of a choice that tells it from the others.
    func settings(of choice: [JSONMember]) -> [JSONMember] {
      let keys = varying.map(\.key)
      return choice.filter { keys.contains($0.key) }
    }

    private static func isSame(_ a: [JSONMember], _ b: [JSONMember]) -> Bool {
      a.count == b.count && a.allSatisfy { b.contains($0) }
    }
  }

  /// A key and the values it takes in a grid.
  public struct Axis: Sendable, Equatable {
    /// The flag without `--`.
    public var key: String
    /// Its values in the order of the file.
    public var values: [JSON]
    /// Whether it was written as a list, so that it belongs into the names of cells.
    public var isList: Bool
  }

  /// The study file's path, for messages and as the place that other paths are relative to.
  public var file: String
  /// The report's title.
  public var title: String
  /// A preset's name or a file.
  public var model: String
  /// The dataset's directory; empty: the built-in corpus.
  public var data = ""
  /// The tokenizer of bare token shards; empty: the dataset's own.
  public var tokenizer = ""
  /// Tokens that each cell trains on.
  public var tokens: Int
  /// Seeds of every cell.
  public var seeds: [Int]
  /// More seeds for the best cell of each arm.
  public var finalistSeeds: [Int] = []
  /// The arm that the others are measured by.
  public var baseline: String
  /// Steps between evaluations; nil: so many that there are at most 40.
  public var evalEvery: Int?
  /// Validation tokens of an evaluation.
  public var evalTokens = 65_536
  /// What all arms share, unless an arm says otherwise.
  public var settings: [JSONMember] = []
  /// The contenders.
  public var arms: [Arm]

  /// A path of the study file, as seen from where the program runs.
  func path(_ name: String) -> String {
    let directory = parentDirectory(of: file)
    return name.hasPrefix("/") || directory == "." ? name : "\(directory)/\(name)"
  }

  /// Cells in all, those of finalists too.
  var cellCount: Int {
    arms.reduce(finalists.count) { $0 + $1.choices.count * seeds(of: $1).count }
  }

  /// The arm of each cell that is run for a finalist's seed.
  var finalists: [Arm] {
    finalistSeeds.flatMap { seed in arms.filter { !seeds(of: $0).contains(seed) } }
  }

  /// The seeds of an arm's cells.
  func seeds(of arm: Arm) -> [Int] { arm.seeds ?? seeds }
}
