import Testing

@testable import Generation

@Suite struct StopStringsTests {
  /// What is shown of pieces, and the stop string that came.
  private func shown(_ pieces: [[UInt8]], _ stops: [String]) -> (text: String, stop: String?) {
    var (strings, bytes) = (StopStrings(stops), [UInt8]())
    for piece in pieces {
      let (text, stop) = strings.take(piece)
      bytes += text
      if let stop { return (String(decoding: bytes, as: UTF8.self), stop) }
    }
    return (String(decoding: bytes + strings.finish(), as: UTF8.self), nil)
  }

  /// All ways to cut a text between its characters.
  private func cuts(_ text: String) -> [[[UInt8]]] {
    let characters = text.unicodeScalars.map { Array(String($0).utf8) }
    return (0..<(1 << (characters.count - 1))).map { mask in
      var pieces = [characters[0]]
      for (i, character) in characters.dropFirst().enumerated() {
        if mask >> i & 1 == 1 {
          pieces.append(character)
        } else {
          pieces[pieces.count - 1] += character
        }
      }
      return pieces
    }
  }

  @Test(arguments: [
    ("aXYZb", ["XYZ"], "a", "XYZ"), ("aXYXYZ", ["XYZ"], "aXY", "XYZ"),
    ("é漢字x", ["字"], "é漢", "字"), ("no stop", ["XYZ", "stopp"], "no stop", nil),
    ("abXY", ["XYZ"], "abXY", nil), ("one\n\ntwo", ["\n\n", "two"], "one", "\n\n"),
  ])
  func theSameHoweverTheTextIsCut(
    text: String, stops: [String], expected: String, stop: String?
  ) {
    for pieces in cuts(text) {
      let result = shown(pieces, stops)
      #expect(result.text == expected && result.stop == stop, "\(pieces)")
    }
  }

  /// Nothing is shown that may still become a stop string, and nothing else is held back.
  @Test func whatMayBecomeAStopStringIsHeldBack() {
    var strings = StopStrings(["<end>", "nd!"])
    #expect(strings.take(Array("a<e".utf8)).text == Array("a".utf8))
    #expect(strings.take(Array("n".utf8)).text == [])
    #expect(strings.take(Array("d".utf8)).text == [])
    #expect(strings.take(Array("x".utf8)).text == Array("<endx".utf8))
    #expect(strings.take(Array("y".utf8)).text == Array("y".utf8))
  }

  /// Of two at one place the first in the list is reported; an empty string is none.
  @Test func theStopStringIsNamed() {
    #expect(shown([Array("xab".utf8)], ["", "abc", "ab", "a"]).stop == "ab")
    #expect(shown([Array("xabc".utf8)], ["abc", "ab"]).stop == "abc")
    #expect(shown([Array("x".utf8)], [""]).stop == nil)
  }
}
