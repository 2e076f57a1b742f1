import Dataset
import Files
import Training

/// A file of prompts for `generate`: JSON lines, each an object with `"prompt"` and, where they
/// differ from the command line's, options under their names in snake_case.
struct PromptsFile {
  /// One line: a text and how to continue it.
  struct Line {
    let prompt: String
    let options: GenerationOptions
    /// File and line, for messages.
    let place: String
  }

  let lines: [Line]

  /// - path: a file, or `-` for standard input; - defaults: what lines do not set. Throws
  ///   ``DatasetError`` that names the line and, for an unknown key, the nearest one.
  init(_ path: String, defaults: GenerationOptions) throws(DatasetError) {
    var lines: [Line] = []
    for line in try JSONLine.read(path == "-" ? "/dev/stdin" : path) {
      lines.append(try Self.line(line, defaults))
    }
    self.lines = lines
  }

  private static func line(
    _ line: JSONLine, _ defaults: GenerationOptions
  ) throws(DatasetError) -> Line {
    var options = defaults
    for member in line.object.objectValue ?? [] where member.key != "prompt" {
      guard let key = keys.first(where: { $0.name == member.key }) else {
        let near = nearest(member.key, ["prompt"] + keys.map(\.name))
        throw DatasetError(
          .malformed, at: line.place,
          "unknown key \"\(member.key.onOneLine)\"; did you mean \"\(near)\"?")
      }
      guard key.set(&options, member.value) else {
        throw DatasetError(
          .malformed, at: line.place,
          "expected \(key.expected) as \"\(key.name)\", found \(member.value.kind)")
      }
    }
    if let fault = options.fault {
      let name = String(fault.name.map { $0 == "-" ? "_" : $0 })
      throw DatasetError(
        .malformed, at: line.place,
        "expected \(fault.expected) as \"\(name)\", found \(fault.value)")
    }
    return Line(prompt: try line.string("prompt"), options: options, place: line.place)
  }

  /// What a line may set besides the prompt.
  private struct Key {
    let name: String
    let expected: String
    /// Whether the value is of the right kind; then it is set.
    let set: (inout GenerationOptions, JSON) -> Bool

    static func integer(_ name: String, _ path: WritableKeyPath<GenerationOptions, Int>) -> Key {
      Key(name: name, expected: "an integer") { options, json in
        guard let value = json.intValue else { return false }
        options[keyPath: path] = value
        return true
      }
    }

    static func number(_ name: String, _ path: WritableKeyPath<GenerationOptions, Double>) -> Key {
      Key(name: name, expected: "a number") { options, json in
        guard let value = json.doubleValue else { return false }
        options[keyPath: path] = value
        return true
      }
    }
  }

  private static var keys: [Key] {
    [
      .integer("max_tokens", \.maxTokens), .integer("num_samples", \.numSamples),
      .number("temperature", \.temperature), .integer("top_k", \.topK), .number("top_p", \.topP),
      .number("min_p", \.minP), .number("repetition_penalty", \.repetitionPenalty),
      Key(name: "seed", expected: "an integer of at least 0") { options, json in
        guard let seed = json.intValue.flatMap({ UInt64(exactly: $0) }) else { return false }
        options.seed = seed
        return true
      },
      Key(name: "stop", expected: "a string or an array of strings") { options, json in
        let strings = json.stringValue.map { [JSON.string($0)] } ?? json.arrayValue ?? [.null]
        let stops = strings.compactMap(\.stringValue)
        guard stops.count == strings.count else { return false }
        options.stop = stops
        return true
      },
    ]
  }
}
