import Files
import TemporaryDirectories
import Testing

@testable import Checkpoints

/// Models in several safetensors files with an index, as `transformers` writes them, and indexes
/// that nobody should believe.
@Suite struct ShardTests {
  private let directory: TemporaryDirectory
  private static let index = "model.safetensors.index.json"
  private static let (first, second) = (
    "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
  )

  init() throws {
    directory = try TemporaryDirectory()
    try write(["a": [1, 2], "b": [3]], to: Self.first)
    try write(["c": [4, 5, 6]], to: Self.second)
  }

  @Test func shardsAreOneModel() throws {
    try writeIndex(
      "{\"metadata\":{\"total_size\":24},\"weight_map\":{\"c\":\"\(Self.second)\","
        + "\"a\":\"\(Self.first)\",\"b\":\"\(Self.first)\"}}")
    let tensors = try open()
    #expect(tensors.path == directory(Self.index))
    #expect(tensors.all.map(\.entry.name) == ["a", "b", "c"])
    #expect(
      tensors.all.map(\.file.path) == [Self.first, Self.first, Self.second].map { directory($0) })
    for (name, values) in [("a", [1, 2]), ("b", [3]), ("c", [4, 5, 6])] as [(String, [Float])] {
      let tensor = try #require(tensors[name])
      #expect(try tensor.file.floats(tensor.entry) == values)
    }
    #expect(tensors["d"] == nil)
  }

  /// As in `transformers`, the whole file wins.
  @Test func oneFileGoesBeforeAnIndex() throws {
    try write(["w": [7]], to: "model.safetensors")
    try writeIndex("{")
    #expect(try open().all.map(\.entry.name) == ["w"])
  }

  /// The attacks by name: the `weight_map` and a part of the error.
  static let attacks: [(map: String, error: String)] = [
    ("[]", "weight_map: expected an object with a file for each tensor, found an array"),
    ("{}", "found an empty one"),
    (#"{"a":1}"#, "tensor a: expected the name of a .safetensors file in this folder, found the i"),
    (#"{"a":"../model.safetensors"}"#, "in this folder, found ../model.safetensors"),
    (#"{"a":"/etc/x.safetensors"}"#, "in this folder, found /etc/x.safetensors"),
    (#"{"a":".."}"#, "in this folder, found .."),
    (#"{"a":""}"#, "in this folder, found "),
    (#"{"a":"a\u0000.safetensors"}"#, #"found a\u{0}.safetensors"#),
    (#"{"a":"manifest.json"}"#, "in this folder, found manifest.json"),
    (#"{"a":"pytorch_model-00001-of-00002.bin"}"#, "found pytorch_model-00001-of-00002.bin"),
    (#"{"a":"$1","b":"$1","c":"$2","a":"$2"}"#, "each member name once"),
    (#"{"a":"$1","b":"$1","c":"$2","\u0061":"$1"}"#, "each member name once"),
    (
      #"{"a":"$1","b":"$1","c":"$2","d":"$2"}"#,
      "tensor d: expected a tensor of model-00002-of-00002"
    ),
    (
      #"{"a":"$1","c":"$2"}"#, "tensor b: expected a tensor that the index lists, found an unlisted"
    ),
    (
      #"{"a":"$1","b":"$2","c":"$2"}"#, "tensor b: expected it in model-00002-of-00002.safetensors "
    ),
    (#"{"a":"$1","b":"$1","c":"none.safetensors"}"#, "none.safetensors: cannot open: No such file"),
  ]

  @Test(arguments: attacks.indices)
  func attack(_ number: Int) throws {
    let (map, error) = Self.attacks[number]
    let named = map.replacing("$1", with: Self.first).replacing("$2", with: Self.second)
    try writeIndex("{\"weight_map\":\(named)}")
    let thrown = try #require(throws: CheckpointError.self, "\(map)") { try open() }
    #expect(thrown.description.contains(error), "\(map): \(thrown)")
    #expect(thrown.description.hasPrefix(directory("")) && !thrown.description.contains("\n"))
  }

  /// A file that the index does not name is none of its shards.
  @Test func otherFilesAreNotLookedAt() throws {
    try writeIndex("{\"weight_map\":{\"c\":\"\(Self.second)\"}}")
    #expect(try open().all.map(\.entry.name) == ["c"])
  }

  /// A tensor that is in two shards, whichever of them the index names.
  @Test func aTensorTwice() throws {
    try write(["c": [4, 5, 6], "a": [1, 2]], to: Self.second)
    for shard in [Self.first, Self.second] {
      let other = shard == Self.first ? Self.second : Self.first
      try writeIndex(
        "{\"weight_map\":{\"a\":\"\(shard)\",\"b\":\"\(Self.first)\",\"c\":\"\(Self.second)\"}}")
      let error = try #require(throws: CheckpointError.self) { try open() }
      #expect(
        error
          == .invalid(
            file: directory(other), place: "tensor a",
            expected: "it in \(shard) alone, as the index says", found: "it here"))
    }
  }

  @Test func picklesAreRefusedWithAWayOut() throws {
    let place = try TemporaryDirectory()
    for (name, advice) in [
      ("pytorch_model.bin", "AutoModelForCausalLM as M, AutoTokenizer as T; M.from_pretrained("),
      ("pytorch_model.bin.index.json", "M.from_pretrained('\(place.path)').save_pretrained('OUT')"),
      ("ckpt.pt", "python3 scripts/convert_nanogpt.py \(place("ckpt.pt")) OUT"),
    ] {
      try LocalFileSystem().writeAtomically([0x80, 2], to: place(name))
      for path in name == "pytorch_model.bin.index.json" ? [place.path] : [place.path, place(name)]
      {
        let error = try #require(throws: CheckpointError.self) {
          try CheckpointDirectory.open(path).checkpoint.storedTensors()
        }
        #expect(error == .pickle(path: place(name)), "\(path): \(error)")
        #expect(error.description.contains(advice) && !error.description.contains("\n"))
      }
      try LocalFileSystem().removeFile(place(name))
    }
    // Nothing that a shell would run comes out of a name.
    let odd = CheckpointError.pickle(path: "/a/$(x)'/pytorch_model.bin").description
    #expect(odd.contains("M.from_pretrained('DIR')"), "\(odd)")
    #expect(throws: CheckpointError.notACheckpoint(path: directory(Self.first))) {
      try CheckpointDirectory.open(directory(Self.first))
    }
  }

  private func open() throws(CheckpointError) -> StoredTensors {
    try CheckpointDirectory.open(directory.path).checkpoint.storedTensors()
  }

  private func writeIndex(_ text: String) throws {
    try LocalFileSystem().writeAtomically(Array(text.utf8), to: directory(Self.index))
  }

  private func write(_ tensors: KeyValuePairs<String, [Float]>, to name: String) throws {
    if LocalFileSystem().exists(directory(name)) {
      try LocalFileSystem().removeFile(directory(name))
    }
    _ = try withTensors(tensors.map { ($0.key, [$0.value.count], $0.value) }) {
      try SafetensorsWriter.write($0, to: directory(name))
    }
  }
}
