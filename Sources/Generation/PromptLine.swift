public import Dataset
public import Files

/// One line of a file of prompts: an object with `"prompt"` and, where the text is to be drawn in
/// another way than the rest, options of `generate` under their names in snake_case. Ranges are not
/// looked at.
public struct PromptLine: Sendable, Equatable {
  /// The text to be continued.
  public let prompt: String
  /// File and line, for messages.
  public let place: String
  /// `max_tokens`, `num_samples`, `top_k`.
  public private(set) var maxTokens, numSamples, topK: Int?
  /// `temperature`, `top_p`, `min_p`, `repetition_penalty`.
  public private(set) var temperature, topP, minP, repetitionPenalty: Double?
  /// `seed`.
  public private(set) var seed: UInt64?
  /// `stop`, a string or several.
  public private(set) var stop: [String]?

  /// Throws ``DatasetError`` that names the line and, for an unknown key, the nearest one.
  public init(_ line: JSONLine) throws(DatasetError) {
    place = line.place
    // So that a misspelt prompt is not a missing one.
    let keys = Self.keys
    for member in line.object.objectValue ?? [] where member.key != "prompt" {
      if !keys.contains(where: { $0.name == member.key }) {
        let near = nearest(member.key, ["prompt"] + keys.map(\.name))
        throw DatasetError(
          .malformed, at: line.place,
          "unknown key \"\(member.key.onOneLine)\"; did you mean \"\(near)\"?")
      }
    }
    prompt = try line.string("prompt")
    for key in keys where line.object[key.name] != nil { try key.read(&self, line) }
  }

  /// The lines of a file, or of a pipe. Throws ``DatasetError``.
  public static func read(
    _ path: String, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) -> [PromptLine] {
    var lines: [PromptLine] = []
    for line in try JSONLine.read(path, fileSystem: fileSystem) {
      lines.append(try PromptLine(line))
    }
    return lines
  }

  /// What a line may set besides the prompt.
  private struct Key {
    let name: String
    let read: (inout PromptLine, JSONLine) throws(DatasetError) -> Void

    init<Value>(
      _ name: String, _ path: WritableKeyPath<PromptLine, Value?>, _ expected: String,
      _ value: @escaping (JSON) -> Value?
    ) {
      self.name = name
      read = { prompt, line throws(DatasetError) in
        prompt[keyPath: path] = try line.member(name, expected, value)
      }
    }
  }

  private static var keys: [Key] {
    let (integer, number) = ("an integer", "a number")
    return [
      Key("max_tokens", \.maxTokens, integer, \.intValue),
      Key("num_samples", \.numSamples, integer, \.intValue),
      Key("temperature", \.temperature, number, \.doubleValue),
      Key("top_k", \.topK, integer, \.intValue), Key("top_p", \.topP, number, \.doubleValue),
      Key("min_p", \.minP, number, \.doubleValue),
      Key("repetition_penalty", \.repetitionPenalty, number, \.doubleValue),
      Key("seed", \.seed, "an integer from 0 to \(Int.max)") { json in
        json.intValue.flatMap { UInt64(exactly: $0) }
      },
      Key("stop", \.stop, "a string or an array of strings") { json in
        if let string = json.stringValue { return [string] }
        guard let values = json.arrayValue else { return nil }
        let strings = values.compactMap(\.stringValue)
        return strings.count == values.count ? strings : nil
      },
    ]
  }
}
