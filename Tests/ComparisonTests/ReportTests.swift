import Files
import Foundation
import Testing

@testable import Comparison

extension ComparisonTests {
  /// The page as a text.
  @Suite struct Reports {
    private func report() throws -> (place: StudyPlace, text: String) {
      let place = try StudyPlace()
      let arms =
        StudyPlace.arms.dropLast()
        + ", \"a <third> & 'wild' one\": {\"optimizer\": \"lion\", \"lr\": [0.001, 1000], "
        + "\"weight-decay\": 900, \"schedule\": \"constant\", \"warmup\": 0, \"batch-tokens\": 16}}"
      try place.run(try place.study(String(arms)))
      return (place, try place.text("out/report.html"))
    }

    @Test func holdsEverythingAndFetchesNothing() throws {
      let text = try report().text
      for word in [
        "http:", "https:", "//", "src=", "href=", "url(", "@import", "<script", "<link", "<img",
      ] {
        #expect(!text.contains(word), "\(word)")
      }
      #expect(text.contains("default-src 'none'"))
      for title in [
        "Validation loss against tokens", "Validation loss against wall time",
        "Final validation loss",
        "Steps to the final loss of adamw", "Final loss against learning rate",
        "Win rate over steps",
        "‖h‖, of AdamW ‖v‖, over steps", "Optimizer overhead",
      ] {
        #expect(text.contains("<h3>\(title)</h3>"), "\(title)")
      }
      #expect(text.contains("<title>A &lt;study&gt; &amp; more</title>"))
      #expect(text.contains("a machine") && text.contains("sophia-rt compare study.json"))
      #expect(text.components(separatedBy: "<tr").count == 1 + 1 + 3 + 1 + 12)
      #expect(text.contains("12 of 12 cells") && text.contains("diverged in step"))
      #expect(text.contains("NaN") == false && text.contains("inf\"") == false)
    }

    /// Each drawing of curves names every arm that it can show.
    @Test func everyArmIsInTheLegends() throws {
      let text = try report().text
      let names = ["adamw", "sophia", "a &lt;third&gt; &amp; 'wild' one"]
      let drawings = text.components(separatedBy: "<figure>").dropFirst()
      #expect(drawings.count == 8)
      for title in [
        "against tokens", "against wall time", "Final validation loss", "learning rate",
      ] {
        let drawing = try #require(drawings.first { $0.contains("\(title)</h3>") })
        for name in names {
          #expect(drawing.contains("\">\(name)</text>"), "\(title): \(name)")
        }
      }
      #expect(
        drawings.filter { $0.contains("Win rate") }.allSatisfy { !$0.contains(">adamw</text>") })
      // The hover values: at each evaluation of each arm.
      #expect(text.components(separatedBy: "<title>adamw, ").count - 1 >= 8)
    }

    @Test func isWellFormed() throws {
      #expect(try unclosed(report().text) == [])
      // The check finds what is wrong.
      #expect(unclosed("<a><b></a>") != [] && unclosed("<a x=\"1></a>") != [])
      #expect(
        unclosed("<a>&nope;</a>") != [] && unclosed("<a>") != [] && unclosed("<a x=1/>") != [])
      #expect(unclosed("<!doctype html><a x=\"1\" y=\"&lt;\"/>") == [])
    }

    /// Without the cells' own directories, too.
    @Test func isDrawnAgainFromTheDirectoryAlone() throws {
      let (place, text) = try report()
      for name in ["study.json", "m.json"] { try LocalFileSystem().removeFile(place.file(name)) }
      for name in ["data", "out/cells"] { try LocalFileSystem().removeTree(place.file(name)) }
      try LocalFileSystem().removeFile(place.file("out/report.html"))
      #expect(try Report.draw(in: place.file("out")) == place.file("out/report.html"))
      #expect(try place.text("out/report.html") == text)
      let none = line { try Report.draw(in: place.file("none")) }
      #expect(none.contains("none/study.json: cannot open: No such file"), "\(none)")
      let results = place.file("out/results.jsonl")
      try place.write(
        try place.text("out/results.jsonl") + "{\"cell\": 3}\n", to: "out/results.jsonl")
      let damaged = line { try Report.draw(in: place.file("out")) }
      #expect(damaged == "\(results), line 13: cell: expected a string, found 3", "\(damaged)")
      try LocalFileSystem().removeFile(place.file("out/timings.jsonl"))
      try place.write("{}\n{\"cell\": \n", to: "out/results.jsonl")
      let cut = line { try Report.draw(in: place.file("out")) }
      #expect(
        cut.hasPrefix("\(results), line 2, byte 12: expected a value")
          && cut.contains("writes it again"),
        "\(cut)")
      // Results that were handed on without the study's file.
      try LocalFileSystem().removeFile(place.file("out/study.json"))
      let bare = line { try Report.draw(in: place.file("out")) }
      #expect(bare.hasPrefix("\(place.file("out/study.json")): not there, though results are"))
    }

    /// Before the first cell is done there is a page too.
    @Test func nothingToShowIsStillAPage() throws {
      let place = try StudyPlace()
      let study = try place.study()
      #expect(try !place.run(study) { if case .began = $0 { true } else { false } }.isDone)
      let text = try place.text("out/report.html")
      #expect(text.contains("0 of 8 cells") && text.contains("No cell of the baseline adamw"))
      #expect(unclosed(text) == [])
    }

    /// What keeps a text from being well-formed XML, as far as a page without CDATA and namespaces goes:
    /// tags that don't match, attributes without quotes, ampersands that begin no known entity.
    private func unclosed(_ text: String) -> [String] {
      var (problems, open): ([String], [String]) = ([], [])
      let tag = #/<(/?)([a-z0-9!]+)(?:\s+html|(?:\s+[a-zA-Z0-9:-]+="[^"<]*")*)\s*(/?)>/#
      var rest = text[...]
      while let at = rest.firstIndex(of: "<") {
        guard let found = try? tag.prefixMatch(in: rest[at...]) else {
          problems.append("at \(rest[at...].prefix(40))")
          break
        }
        let (_, slash, name, end) = found.output
        let isDoctype = name == "!doctype"
        if !slash.isEmpty {
          if open.popLast() != String(name) { problems.append("</\(name)>") }
        } else if end.isEmpty && !isDoctype {
          open.append(String(name))
        }
        rest = rest[found.range.upperBound...]
      }
      let entities = ["amp;", "lt;", "gt;", "quot;"]
      for part in text.components(separatedBy: "&").dropFirst()
      where !entities.contains(where: part.hasPrefix) {
        problems.append("&\(part.prefix(10))")
      }
      return problems + open
    }
  }
}
