import Dataset
import Files
import TemporaryDirectories
import Testing

@testable import Generation

@Suite struct PromptsFileTests {
  private func read(_ text: String, defaults: TextOptions = TextOptions()) throws -> PromptsFile {
    let directory = try TemporaryDirectory()
    try LocalFileSystem().writeAtomically(Array(text.utf8), to: directory("p.jsonl"))
    return try PromptsFile(directory("p.jsonl"), defaults: defaults)
  }

  @Test func aLineOverridesWhatAllShare() throws {
    var defaults = TextOptions()
    (defaults.maxTokens, defaults.slide, defaults.stop) = (7, true, ["x"])
    let file = try read(
      #"{"prompt": "a", "seed": 3, "stop": "y", "num_samples": 2}"# + "\n\n" + #"{"prompt": ""}"#,
      defaults: defaults)
    let options = file.lines.map(\.options)
    #expect(file.lines.map(\.prompt) == ["a", ""] && options[1] == defaults)
    #expect(options[0].maxTokens == 7 && options[0].slide && options[0].stop == ["y"])
    #expect(options[0].seed == 3 && file.count == 3)
    #expect(file.texts.map { [$0.line, Int($0.sample)] } == [[0, 0], [0, 1], [1, 0]])
  }

  /// As other programs write them: an id, null for nothing, 4.0 for 4.
  @Test func linesOfOtherPrograms() throws {
    let file = try read(
      #"{"id": 7, "prompt": "a", "seed": null, "max_tokens": 4.0}"# + "\n"
        + #"{"id": "x-1", "prompt": "b"}"# + "\n" + #"{"prompt": "c", "id": null}"#)
    #expect(file.lines.map(\.id) == [7, "x-1", nil])
    #expect(
      file.lines[0].options.maxTokens == 4 && file.lines[0].options.seed == TextOptions().seed)
  }

  /// A hundred million texts are counted, and the first are made, in no time.
  @Test func manyTextsAreNotMadeAtOnce() throws {
    let line = #"{"prompt": "a", "num_samples": 1000000}"# + "\n"
    let file = try read(String(repeating: line, count: 100))
    #expect(file.count == 100_000_000)
    #expect(file.texts.prefix(3).map(\.sample) == [0, 1, 2])
  }

  @Test func aBadLineIsNamed() throws {
    for (json, expected) in [
      (
        #"{"prompt": "a", "temprature": 1}"#,
        "unknown key \"temprature\"; did you mean \"temperature\"?"
      ),
      (#"{"promt": "a"}"#, "unknown key \"promt\"; did you mean \"prompt\"?"),
      (#"{"max_tokens": 3}"#, "expected a member \"prompt\", found none"),
      (#"{"prompt": 3}"#, "expected a string as \"prompt\", found the integer 3"),
      (
        #"{"prompt": "a", "max_tokens": "3"}"#,
        "expected an integer as \"max_tokens\", found a string"
      ),
      (#"{"prompt": "a", "max_tokens": 0}"#, "expected at least 1 as \"max_tokens\", found 0"),
      (#"{"prompt": "a", "top_k": -1}"#, "expected at least 0 as \"top_k\", found -1"),
      (#"{"prompt": "a", "top_p": 0}"#, "expected above 0, at most 1 as \"top_p\", found 0.0"),
      (#"{"prompt": "a", "min_p": 1.5}"#, "expected 0 to 1 as \"min_p\", found 1.5"),
      (#"{"prompt": "a", "repetition_penalty": 0}"#, "as \"repetition_penalty\", found 0.0"),
      (#"{"prompt": "a", "temperature": -1}"#, "at least 0 as \"temperature\", found -1.0"),
      (
        #"{"prompt": "a", "seed": -1}"#,
        "an integer from 0 to 9223372036854775807 as \"seed\", found the integer -1"
      ),
      (#"{"prompt": "a", "stop": ["x", 1]}"#, "an array of strings as \"stop\", found an array"),
      (
        #"{"prompt": "a", "stop": ""}"#, "expected at least one character as \"stop\", found \"\""
      ),
      (
        #"{"prompt": "a", "num_samples": 0}"#, "expected 1 to 1000000 as \"num_samples\", found 0"
      ),
      (#"{"text": "a"}"#, "unknown key \"text\"; did you mean \"prompt\"?"),
      (#"{"max_new_tokens": 4}"#, "unknown key \"max_new_tokens\"; did you mean \"max_tokens\"?"),
      (#"{"prompt": "a", "temperature": NaN}"#, "expected a number as \"temperature\", found"),
      (#"{"prompt": "a", "top_k": 4.5}"#, "expected an integer as \"top_k\""),
      (#"{"prompt": "a", "id": [1]}"#, "expected a string or an integer as \"id\", found an array"),
      (#"{"prompt": "a", "id": 18446744073709551616}"#, "a string or an integer as \"id\""),
      ("[1]", "expected a JSON object"),
      ("{", "byte 1: expected"),
    ] {
      let error = #expect(throws: DatasetError.self) { try read("{\"prompt\": \"x\"}\n\(json)\n") }
      let text = error?.description ?? ""
      #expect(text.contains("p.jsonl, line 2") && text.contains(expected), "\(text)")
    }
  }
}
