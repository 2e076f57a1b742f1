import Testing

@testable import Files

@Suite struct EscapingTests {
  @Test(arguments: [
    ("plain, ü, 猫", "plain, ü, 猫"), ("", ""),
    ("a\u{1B}[31mb", "a\\u{1b}[31mb"), ("a\r\nb\tc\u{0}", "a\\u{d}\\u{a}b\\u{9}c\\u{0}"),
    ("\u{7F}\u{9B}2J", "\\u{7f}\\u{9b}2J"), ("a\u{2028}b\u{202E}c", "a\\u{2028}b\\u{202e}c"),
  ])
  func aMessageIsOneLineWithoutControls(text: String, expected: String) {
    #expect(text.asMessage == expected)
    #expect(text.onOneLine == expected)
    #expect(expected.asMessage == expected)
  }

  @Test func aNameInAnErrorIsShort() {
    let long = String(repeating: "\u{7}", count: 201)
    #expect(long.onOneLine == String(repeating: "\\u{7}", count: 200) + "…")
    #expect(long.asMessage == String(repeating: "\\u{7}", count: 201))
    #expect(String(repeating: "x", count: 200).onOneLine.count == 200)
  }

  @Test func aTextKeepsItsLines() {
    let text = "one\n\ttwo\r\u{1B}]0;title\u{7}\u{9C} \u{200D}é\u{2028}"
    #expect(
      text.asTerminalText
        == "one\n\ttwo\\u{d}\\u{1b}]0;title\\u{7}\\u{9c} \u{200D}é\u{2028}")
  }

  @Test(arguments: [
    ("openai-community/gpt2", true), ("gpt2", true), ("EleutherAI/gpt-neo_1.3B", true),
    ("run", false), ("./run/a", false), ("/a/b", false), ("../b", false), ("a/b/c", false),
    ("a/tokenizer.json", false), ("a/", false), ("a/-b", false),
  ])
  func aNameOfTheHubIsExplained(path: String, isExplained: Bool) {
    let missing = FileError(operation: "look at", path: path, code: 2)
    let text = missing.explainingHubName().description
    #expect(text.contains("hf download \(path) ") == isExplained, "\(text)")
    #expect(text.hasPrefix("\(path): cannot look at: No such file or directory"))
    let denied = FileError(operation: "look at", path: path, code: 13)
    #expect(denied.explainingHubName() == denied)
  }
}
