import Files
import Testing

@testable import Tokenization

@Suite struct TokenizerFileTests {
  @Test func whatIsWrittenReadsBackTheSame() throws {
    let tokenizer = try Fixtures.tokenizer()
    let written = tokenizer.serialized()
    let again = try Tokenizer(json: written, name: "written")
    #expect(again.serialized() == written)
    #expect(again.fingerprint == tokenizer.fingerprint)
    #expect(again.vocabulary.specials == tokenizer.vocabulary.specials)
    #expect(tokenizer.fingerprint.utf8.count == 16)
  }

  @Test func fingerprintsTellTokenizersApart() throws {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    let shorter = edited(root, "model", "merges") { merges in
      .array(Array((merges.arrayValue ?? []).dropLast()))
    }
    #expect(try read(shorter).fingerprint != Fixtures.tokenizer().fingerprint)
  }

  /// The fixture has merges as arrays; older files have strings.
  @Test func mergesAsStringsAndAsArrays() throws {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    #expect(root["model"]?["merges"]?.arrayValue?.first?.arrayValue != nil)
    let strings = edited(root, "model", "merges") { merges in
      .array(
        (merges.arrayValue ?? []).map { pair in
          .string((pair.arrayValue ?? []).compactMap(\.stringValue).joined(separator: " "))
        })
    }
    #expect(try read(strings).fingerprint == Fixtures.tokenizer().fingerprint)
  }

  /// `AutoTokenizer.from_pretrained` and `save_pretrained` of transformers 5 change these.
  @Test func savedAgainByTransformers() throws {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    let template = edited(root, "post_processor") { _ in
      [
        "type": "TemplateProcessing", "single": [["Sequence": ["id": "A", "type_id": 0]]],
        "pair": [
          ["Sequence": ["id": "A", "type_id": 0]], ["Sequence": ["id": "B", "type_id": 1]],
        ],
        "special_tokens": .object([]),
      ]
    }
    let saved = edited(
      edited(template, "model", "continuing_subword_prefix") { _ in "" },
      "model", "end_of_word_suffix"
    ) { _ in "" }
    #expect(try read(saved).fingerprint == Fixtures.tokenizer().fingerprint)
  }

  @Test(arguments: ["#version: 0.2\n", ""], ["\n", "\r\n"])
  func vocabularyAndMergesOfGPT2(_ head: String, _ newline: String) throws {
    let tokenizer = try Fixtures.tokenizer()
    let root = try JSON(parsing: tokenizer.serialized(), name: "written")
    let lines = (root["model"]?["merges"]?.arrayValue ?? []).compactMap(\.stringValue)
    let merges = head + lines.joined(separator: newline) + newline
    let folder = "/tmp/sophia-tokenizer-\(UInt64.random(in: 0...UInt64.max))"
    let files = LocalFileSystem()
    try files.makeDirectories(folder)
    defer { try? files.removeTree(folder) }
    let vocabulary = try #require(root["model"]?["vocab"])
    try files.writeAtomically(vocabulary.serialized(), to: folder + "/vocab.json")
    try files.writeAtomically(Array(merges.utf8), to: folder + "/merges.txt")
    #expect(try Tokenizer.load(directory: folder).fingerprint == tokenizer.fingerprint)
    try files.writeAtomically(tokenizer.serialized(), to: folder + "/tokenizer.json")
    try files.removeFile(folder + "/merges.txt")
    #expect(try Tokenizer.load(directory: folder).fingerprint == tokenizer.fingerprint)
    try files.removeFile(folder + "/tokenizer.json")
    #expect { try Tokenizer.load(directory: folder) } throws: {
      "\($0)".hasSuffix("no tokenizer here: expected tokenizer.json, or vocab.json and merges.txt")
    }
  }

  @Test func filesThatAreTooLarge() throws {
    let path = "/tmp/sophia-tokenizer-\(UInt64.random(in: 0...UInt64.max)).json"
    let files = LocalFileSystem()
    try files.withFile(path, .replace) { file throws(FileError) in
      try files.allocate(Tokenizer.largestFile + 1, for: file)
      try files.writeAll([0x20], to: file)
    }
    defer { try? files.removeFile(path) }
    #expect { try Tokenizer.load(file: path) } throws: { "\($0)".contains("at most 67108864") }
    #expect { try Tokenizer.load(file: path + ".none") } throws: { "\($0)".contains("cannot open") }
  }

  private func read(_ json: JSON) throws -> Tokenizer {
    try Tokenizer(json: json.serialized(), name: "t.json")
  }
}

/// A copy of `json` in which the member at `path` is what `change` makes of it; added if absent.
func edited(_ json: JSON, _ path: String..., change: (JSON) throws -> JSON) rethrows -> JSON {
  try edited(json, path[...], change)
}

private func edited(
  _ json: JSON, _ path: ArraySlice<String>, _ change: (JSON) throws -> JSON
) rethrows -> JSON {
  guard let key = path.first else { return try change(json) }
  var members = json.objectValue ?? []
  let index = members.firstIndex { $0.key == key } ?? members.count
  if index == members.count { members.append(JSONMember(key, .null)) }
  members[index].value = try edited(members[index].value, path.dropFirst(), change)
  return .object(members)
}
