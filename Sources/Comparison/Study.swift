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
/// Keys of settings and arms are the flags of `train`. Paths are relative to the study file.
public struct Study: Sendable, Equatable {
  /// A contender: every combination of its values is a cell for each seed.
  public struct Arm: Sendable, Equatable {
    /// What the report calls it.
    public var name: String
    /// Each key with the values it takes.
    public var axes: [Axis]
    /// Seeds of its own; nil: the study's.
    public var seeds: [Int]?
    /// A token budget of its own; nil: the study's.
    public var tokens: Int?

    /// Every combination of its values, the last key's going round fastest.
    var choices: [[JSONMember]] {
      axes.reduce([[]]) { choices, axis in
        choices.flatMap { choice in axis.values.map { choice + [JSONMember(axis.key, $0)] } }
      }
    }
  }

  /// A key and the values it takes in an arm.
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
    arms.reduce(0) { count, arm in
      let seeds = seeds(of: arm)
      let more = finalistSeeds.filter { !seeds.contains($0) }.count
      return count + arm.choices.count * seeds.count + more
    }
  }

  /// The seeds of an arm's cells.
  func seeds(of arm: Arm) -> [Int] { arm.seeds ?? seeds }
}
