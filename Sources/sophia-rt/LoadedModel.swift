import Checkpoints
import Files
import Inference
import Machine
import Tokenization
import Transformer

/// A checkpoint ready to generate: weights packed for decoding, and its tokenizer.
struct LoadedModel {
  let model: DecoderModel
  let tokenizer: Tokenizer

  /// Opens a checkpoint or a run's newest valid one; `notice` gets lines for the user.
  init(_ path: String, on team: ThreadTeam, notice: (String) -> Void) throws {
    let (checkpoint, damaged) = try CheckpointDirectory.open(path)
    for skipped in damaged { notice("passed over a damaged checkpoint: \(skipped)") }
    let file = try ModelFile(checkpoint)
    for line in file.notices { notice(line) }
    tokenizer = try Self.tokenizer(of: file)
    model = try Self.decoderModel(of: file, on: team)
  }

  /// The tokenizer beside the weights, which have a row for each of its ids.
  static func tokenizer(of file: ModelFile) throws -> Tokenizer {
    let (folder, rows) = (file.checkpoint.path, file.config.vocabularySize)
    let tokenizer = try Tokenizer.load(directory: folder)
    guard tokenizer.vocabularySize <= rows else {
      throw CheckpointError.invalid(
        file: "\(folder)/tokenizer.json", place: "vocabulary",
        expected: "at most \(rows) ids, as config.json says",
        found: "\(tokenizer.vocabularySize)")
    }
    return tokenizer
  }

  /// The weights of a file, packed for decoding; no second copy is held beside them.
  static func decoderModel(of file: ModelFile, on team: ThreadTeam) throws -> DecoderModel {
    let model = try DecoderModel(file.config)
    var buffer = [Float](repeating: 0, count: file.table.entries.map(\.count).max() ?? 0)
    try model.load(on: team) { entry, use in
      try buffer.withUnsafeMutableBufferPointer { values in
        let part = UnsafeMutableBufferPointer(rebasing: values[..<entry.count])
        try file.read(entry, into: part)
        if let base = part.baseAddress { use(UnsafePointer(base)) }
      }
    }
    return model
  }

  /// Token ids of a prompt; an empty one is `<|endoftext|>`, after which texts begin.
  func promptTokens(_ text: [UInt8]) throws -> [UInt32] {
    let ids = tokenizer.encode(text)
    if !ids.isEmpty { return ids }
    guard let end = tokenizer.endOfText else { throw InferenceError.emptyPrompt }
    return [end]
  }
}

/// Text as it is generated, cut at the first stop string: what could still become one is held back.
struct StopStrings {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []

  /// Texts that end a generation; they are not part of it.
  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// Takes more text. Returns what can be shown, and whether a stop string came.
  mutating func take(_ text: String) -> (text: String, stopped: Bool) {
    held += text.utf8
    if let at = firstStop() {
      defer { held = [] }
      return (String(decoding: held[..<at], as: UTF8.self), true)
    }
    var keep = stops.map { longestOverlap($0) }.max() ?? 0
    // Never in the middle of a character.
    while keep < held.count && held[held.count - keep - 1] >= 0x80
      && !startsAtCharacter(held.count - keep)
    { keep += 1 }
    let shown = held[..<(held.count - keep)]
    defer { held.removeFirst(held.count - keep) }
    return (String(decoding: shown, as: UTF8.self), false)
  }

  /// What was held back, at the end.
  mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  private func startsAtCharacter(_ index: Int) -> Bool {
    index >= held.count || held[index] & 0xC0 != 0x80
  }

  private func firstStop() -> Int? {
    held.indices.first { at in stops.contains { held[at...].starts(with: $0) } }
  }

  /// The longest end of `held` that begins `stop`.
  private func longestOverlap(_ stop: [UInt8]) -> Int {
    for count in stride(from: min(stop.count - 1, held.count), to: 0, by: -1)
    where held.suffix(count).elementsEqual(stop.prefix(count)) { return count }
    return 0
  }
}
