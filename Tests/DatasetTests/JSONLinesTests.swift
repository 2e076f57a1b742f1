import Files
import TemporaryDirectories
import Testing

@testable import Dataset

/// Files of JSON lines: what they say, and where.
@Suite struct JSONLinesTests {
  @Test func linesOfAFileHavePlaces() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "\u{FEFF}{\"a\": 1}\n\n \r\n{\"a\": 2}\r\n{\"a\": 3}".utf8, to: "x.jsonl")
    let lines = try JSONLine.read(path)
    #expect(lines.map { $0.object["a"] } == [1, 2, 3])
    #expect(lines.map(\.place) == ["\(path), line 1", "\(path), line 4", "\(path), line 5"])
    let packed = try directory.write(
      try compressed(Array("{\"a\": 1}\n{\"a\": 2}\n".utf8)), to: "x.jsonl.zst")
    #expect(try JSONLine.read(packed).map { $0.object["a"] } == [1, 2])
    for (text, expected) in [
      ("", "has no line"), ("\n \n", "has no line"), ("{}\n[]", ", line 2: expected a JSON object"),
      ("{\"a\": }", ", line 1, byte 6: expected"), ("{\"a\": \"0123456789\"}", "at most 12 bytes"),
    ] {
      let path = try directory.write(text.utf8, to: "bad.jsonl")
      let error = #expect(throws: DatasetError.self) { try JSONLine.read(path, maxLineBytes: 12) }
      #expect("\(try #require(error))".contains(expected), "\(text)")
    }
  }
}
