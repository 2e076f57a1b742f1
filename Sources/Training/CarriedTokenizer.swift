public import Checkpoints
public import Dataset
import Tokenization

extension TokenDataset {
  /// Checks that a checkpoint that carries a tokenizer carries that of these tokens: with another one
  /// the same ids would mean other text.
  public func requireTokenizer(of checkpoint: CheckpointDirectory) throws(TrainingError) {
    guard checkpoint.contains("tokenizer.json") || checkpoint.contains("vocab.json") else { return }
    let carried = try asTraining { try Tokenizer.load(directory: checkpoint.path) }
    guard carried.fingerprint.utf8.elementsEqual(tokenizer.fingerprint.utf8) else {
      throw .configuration(
        "\(directory): made with another tokenizer (\(tokenizer.vocabularySize) ids, \(tokenizer.fingerprint)) "
          + "than that of \(checkpoint.path) (\(carried.vocabularySize) ids, \(carried.fingerprint)): tokenize the "
          + "text with --tokenizer \(checkpoint.path)")
    }
  }
}
