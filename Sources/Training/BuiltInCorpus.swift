public import Dataset
public import Files
public import Machine
public import Stories
public import Tokenization

/// The built-in corpus as a dataset on disk: stories, a vocabulary trained on them, token shards. A
/// pure function of its settings, so a resumed run finds or makes the same.
public struct BuiltInCorpus: Sendable {
  /// Training stories.
  public var stories: Int
  /// Validation stories.
  public var validationStories: Int
  /// Size of the vocabulary, at most ``largestVocabulary``.
  public var vocabulary: Int
  /// Which stories.
  public var seed: UInt64

  /// A corpus that a run of `tokens` tokens reads about once: 2,000 to 200,000 stories, unless
  /// `stories` says how many.
  public init(tokens: Int, stories: Int = 0, vocabulary: Int, seed: UInt64) {
    self.stories = stories > 0 ? stories : min(200_000, max(2000, tokens / Self.alignment))
    validationStories = max(200, min(1000, self.stories / 20))
    self.vocabulary = min(vocabulary, Self.largestVocabulary)
    self.seed = seed
  }

  /// Stories begin at multiples of so many tokens; nearly all are shorter. So a window of 256 is a story
  /// from its first word on, and what it refers to is in sight.
  public static let alignment = 256

  /// What 2,000 stories give (3,073; 4,000 give 3,078), so that a preset for larger texts can be
  /// trained on stories too.
  public static let largestVocabulary = 3072

  /// The stories of one half.
  public func source(_ split: StorySplit) -> GeneratedDocuments {
    let generator = StoryGenerator(seed: seed, split: split)
    return GeneratedDocuments(count: split == .training ? stories : validationStories) {
      Array(generator.story(UInt64($0)).text.utf8)
    }
  }

  /// Opens the dataset in `directory`, making it where it is missing or was made with other settings.
  /// - tokenizer: instead of training one.
  /// - reusing: whether what is there may be used, if it has the right sizes; else it is made anew.
  /// - replacing: whether a dataset of other sizes that is there is an earlier one of these; else it is
  ///   refused, since it may be somebody's.
  /// - progress: called now and then with what is being done.
  public func dataset(
    in directory: String, tokenizer: Tokenizer?, reusing: Bool = true, replacing: Bool,
    files: any FileSystem, on team: ThreadTeam, progress: @escaping (String) -> Void = { _ in }
  ) throws(TrainingError) -> TokenDataset {
    try asTraining {
      try check(directory, tokenizer: tokenizer, replacing: replacing, files)
      if try !(reusing && isMade(in: directory, tokenizer, files)) {
        let place = try? files.status(of: directory, followingLinks: false)
        guard place?.kind != .link else {
          throw TrainingError.configuration(
            "\(directory): is a symbolic link, through which nothing is written: remove it, or give --data "
              + "\(directory) to train on what it leads to")
        }
        progress("training a vocabulary of \(vocabulary) tokens")
        let vocabulary = try tokenizer ?? trainedTokenizer(on: team)
        try files.makeDirectories(parentDirectory(of: directory))
        var builder = DatasetBuilder(fileSystem: files)
        builder.overwrite = true
        builder.alignment = Self.alignment
        _ = try builder.build(
          [source(.training)], validation: [source(.validation)], tokenizer: vocabulary,
          output: directory, on: team
        ) { made in
          progress("writing story \(made.documents) of \(stories + validationStories)")
          return true
        }
      }
      return try TokenDataset(directory: directory, tokenizer: tokenizer, fileSystem: files)
    }
  }

  /// - Throws: if there is a dataset that is not this one and may not be replaced
  func check(
    _ directory: String, tokenizer: Tokenizer?, replacing: Bool, _ files: any FileSystem
  ) throws {
    let exists = files.exists("\(directory)/\(DatasetDescription.fileName)")
    guard try exists && !replacing && !isMade(in: directory, tokenizer, files) else { return }
    throw TrainingError.configuration(
      "\(directory) is a dataset and not the built-in corpus: give --data \(directory) to use it, or "
        + "choose another --out")
  }

  /// Whether `directory` holds as many stories in a vocabulary of the size, or of the tokenizer, asked for.
  private func isMade(
    in directory: String, _ tokenizer: Tokenizer?, _ files: any FileSystem
  ) throws -> Bool {
    let path = "\(directory)/\(DatasetDescription.fileName)"
    guard files.exists(path) else { return false }
    let made = try DatasetDescription(
      parsing: try files.readBytes(path, limit: 64 << 20), path: path)
    let isVocabulary =
      tokenizer.map { $0.fingerprint.utf8.elementsEqual(made.tokenizerFingerprint.utf8) }
      ?? (made.vocabularySize == vocabulary)
    return isVocabulary && made.train.documents == stories
      && made.validation.documents == validationStories
  }

  /// A vocabulary from the first stories.
  private func trainedTokenizer(on team: ThreadTeam) throws -> Tokenizer {
    let generator = StoryGenerator(seed: seed, split: .training)
    var trainer = try BytePairTrainer(vocabularySize: vocabulary)
    for start in stride(from: 0, to: min(stories, 4000), by: 1000) {
      trainer.add(
        documents: (start..<min(stories, start + 1000)).map {
          Array(generator.story(UInt64($0)).text.utf8)
        }, on: team)
    }
    return try trainer.train()
  }
}
