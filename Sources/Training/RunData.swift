public import Checkpoints
public import Dataset
import Files
import Tokenization

extension TrainingRun {
  /// The directory of the data that the run of a checkpoint is trained on; nil for a folder that is
  /// not from a run.
  public static func dataDirectory(
    of checkpoint: CheckpointDirectory
  ) throws(TrainingError) -> String? {
    guard checkpoint.contains(TrainerState.fileName) else { return nil }
    let data = try TrainerState.read(checkpoint).configuration.data
    return data.isEmpty ? "\(parentDirectory(of: checkpoint.path))/data" : data
  }

  /// Opens data for a checkpoint: by default the run's own. Tokens that another tokenizer made than the
  /// one that the checkpoint carries are refused: the same ids would mean other text.
  public static func dataset(
    for checkpoint: CheckpointDirectory, directory: String?
  ) throws(TrainingError) -> TokenDataset {
    let own = directory == nil ? try dataDirectory(of: checkpoint) : nil
    if let own { try requireData(at: own, LocalFileSystem()) }
    guard let directory = directory ?? own else {
      throw .configuration(
        "\(checkpoint.path): not from a run, so its data are not known: name them by --data")
    }
    // Bare shards have no tokenizer of their own.
    let isDescribed = LocalFileSystem().exists("\(directory)/\(DatasetDescription.fileName)")
    let given = isDescribed ? nil : try carriedTokenizer(of: checkpoint)
    let dataset = try asTraining { try TokenDataset(directory: directory, tokenizer: given) }
    try requireTokenizer(of: checkpoint, for: dataset)
    return dataset
  }

  /// Refuses a place that a run named and where nothing is now.
  static func requireData(at directory: String, _ files: any FileSystem) throws(TrainingError) {
    guard files.exists(directory) else {
      throw .configuration(
        "\(directory): the run's data do not lie there, as seen from here: say where by --data")
    }
  }

  /// The tokenizer that a checkpoint carries; nil if it has none.
  static func carriedTokenizer(
    of checkpoint: CheckpointDirectory
  ) throws(TrainingError) -> Tokenizer? {
    guard checkpoint.contains("tokenizer.json") || checkpoint.contains("vocab.json") else {
      return nil
    }
    return try asTraining {
      try Tokenizer.load(directory: checkpoint.path, contents: checkpoint.contents)
    }
  }

  /// Refuses tokens that another tokenizer made than the one that a checkpoint carries.
  public static func requireTokenizer(
    of checkpoint: CheckpointDirectory, for dataset: TokenDataset
  ) throws(TrainingError) {
    guard let carried = try carriedTokenizer(of: checkpoint) else { return }
    let own = dataset.tokenizer
    guard carried.fingerprint.utf8.elementsEqual(own.fingerprint.utf8) else {
      throw .configuration(
        "\(dataset.directory): made with another tokenizer (\(own.vocabularySize) ids, "
          + "\(own.fingerprint)) than that of \(checkpoint.path) (\(carried.vocabularySize) ids, "
          + "\(carried.fingerprint)): tokenize the text with --tokenizer \(checkpoint.path)")
    }
  }
}
