/// A reader of bytes that come from outside, as a fuzzer calls it: whatever the bytes, it has to
/// read them or to throw one of its own errors, whose description is one line.
public enum FuzzedParser: String, CaseIterable, Sendable {
  /// JSON itself.
  case json
  /// JSON as Python's `json` reads it.
  case pythonJSON
  /// Documents as JSON lines.
  case lines
  /// Text compressed by gzip.
  case gzip
  /// `model.safetensors`: header, then every tensor.
  case safetensors
  /// `model.safetensors.index.json`, beside two shards.
  case index
  /// `tokenizer.json`.
  case tokenizer
  /// `vocab.json` and, after a NUL, `merges.txt`.
  case vocabulary
  /// `config.json`.
  case config
  /// Token shards of llm.c and nanoGPT.
  case shard
  /// `dataset.json`.
  case dataset
  /// Question sets: HellaSwag's and LAMBADA's JSON lines.
  case questions
  /// Prompts files: JSON lines.
  case prompts
  /// `manifest.json` of a checkpoint.
  case manifest
  /// `trainer_state.json` of a checkpoint.
  case state

  /// Reads the bytes. Throws a ``Finding`` for what no input may bring about; the worst, a trap,
  /// ends the process.
  public func read(_ bytes: [UInt8]) throws(Finding) {
    do {
      try contents(bytes)
    } catch let error as Finding {
      throw error
    } catch let error as any Error & CustomStringConvertible {
      try error.description.checkLine()
    } catch {
      throw Finding("an error that says nothing: \(error)")
    }
  }

  /// Whether the bytes are what they should be, no error being thrown.
  public func accepts(_ bytes: [UInt8]) -> Bool { (try? contents(bytes)) != nil }

  private func contents(_ bytes: [UInt8]) throws {
    switch self {
    case .json: try readJSON(bytes)
    case .pythonJSON: try readPythonJSON(bytes)
    case .lines: try readLines(bytes)
    case .gzip: try readGzip(bytes)
    case .safetensors: try readSafetensors(bytes)
    case .index: try readIndex(bytes)
    case .tokenizer: try readTokenizer(bytes)
    case .vocabulary: try readVocabulary(bytes)
    case .config: try readConfig(bytes)
    case .shard: try readShard(bytes)
    case .dataset: try readDataset(bytes)
    case .questions: try readQuestions(bytes)
    case .prompts: try readPrompts(bytes)
    case .manifest: try readManifest(bytes)
    case .state: try readState(bytes)
    }
  }

  /// The longest input worth trying, in bytes.
  public var longest: Int {
    switch self {
    case .tokenizer, .vocabulary: 8192
    case .shard: 1200
    default: 2048
    }
  }
}

/// What an input must not bring about: text read and written that is not the same, an error of
/// many lines.
public struct Finding: Error, CustomStringConvertible {
  /// What went wrong.
  public let description: String

  init(_ description: String) { self.description = description }

  static func unless(_ condition: Bool, _ what: @autoclosure () -> String) throws(Finding) {
    if !condition { throw Finding(what()) }
  }
}

extension String {
  /// An error message is one line that a terminal shows as it is, and not a whole file.
  fileprivate func checkLine() throws(Finding) {
    try Finding.unless(utf8.count <= 2000, "an error of \(utf8.count) bytes")
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        throw Finding("an error with U+\(String(scalar.value, radix: 16)): \(debugDescription)")
      default: break
      }
    }
  }
}
