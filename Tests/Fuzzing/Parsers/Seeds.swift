import Files
import Recipes

@testable import Checkpoints
@testable import Dataset
@testable import Tokenization
@testable import Training
@testable import Transformer

extension FuzzedParser {
  /// Inputs to begin with, most of them by our own writers; the parser accepts them.
  public var seeds: [[UInt8]] {
    switch self {
    case .json:
      [
        #"{"a":[1,-0,2.5e-3,true,false,null],"b":{"":"\"\\\/\b\f\n\r\té\ud83d\ude00é"}} "#,
        "[1e308,-9223372036854775808,9223372036854775808,0.1,[[[]]],{}]", "\"\"", "-1E+2",
      ].map { Array($0.utf8) }
    case .pythonJSON:
      [#"{"a":NaN,"b":[-Infinity,1e999],"a":"\ud83d \ud83d\ude00"}"#, "[0]"].map { Array($0.utf8) }
    case .lines:
      [
        #"{"text":"one","x":NaN}"# + "\n[]\n\n" + #"{"text":"\ud83d"}"# + "\n",
        "\u{FEFF}" + #"{"text":"two"}"#,
      ].map { Array($0.utf8) }
    case .gzip: [Seeds.gzip, Seeds.gzip + Seeds.gzip + [0, 0]]
    case .safetensors:
      [Seeds.tensors(["a", "b"]), Seeds.tensors([]), Seeds.halves("F16"), Seeds.halves("BF16")]
    case .index:
      [
        ["weight_map": ["a": "a.safetensors", "b": "a.safetensors", "c": "b.safetensors"]],
        ["metadata": ["total_size": 8], "weight_map": ["c": "b.safetensors"]],
      ].map { (json: JSON) in json.serialized() }
    case .tokenizer:
      [
        Seeds.tokenizer().serialized(), Seeds.tokenizer(merges: []).serialized(),
        Array(Seeds.addedTokens.utf8),
      ]
    case .vocabulary:
      [Seeds.vocabulary(["he", "in"]) + [0] + Array("#version: 0.2\nh e\ni n\n".utf8)]
    case .config:
      [
        GPT2Config(vocabularySize: 50257, contextLength: 1024, width: 768, layers: 12, heads: 12)
          .huggingFaceConfig(endOfText: 50256),
        [
          "model_type": "gpt2", "vocab_size": 5, "n_ctx": 3, "n_embd": 4, "n_layer": 1,
          "n_head": 2, "layer_norm_epsilon": 0.001,
        ],
      ].map { $0.serialized() }
    case .shard: [Seeds.shard([1, 2, 299]), [1, 0, 43, 1], Seeds.numpy]
    case .dataset: [Seeds.dataset.serialized()]
    case .questions:
      [
        #"{"ctx_a":"A","ctx_b":"he","activity_label":"W","endings":["a","b [x]"],"label":"1"}"#,
        #"{"ctx":"[header] A  man","endings":["a [title] x","b","c"],"label":2}"# + "\r\n\n",
        "\u{FEFF}" + #"{"text":"one two three"}"# + "\n" + #"{"text":"one"}"#,
      ].map { Array($0.utf8) }
    case .prompts:
      [
        #"{"prompt":"Once","max_tokens":20,"num_samples":2,"stop":["."," q"],"seed":9}"#,
        #"{"prompt":"","temperature":0.5,"top_k":3,"top_p":0.9,"min_p":0.01}"# + "\n\n"
          + #"{"repetition_penalty":1.1,"stop":"x","prompt":"\u00e9"}"# + "\n",
      ].map { Array($0.utf8) }
    case .manifest:
      [
        CheckpointManifest(
          step: 7, fields: [JSONMember("a", 1)],
          files: [FileRecord(name: "config.json", length: 3, crc32c: 5)]
        ).serialized()
      ]
    case .state:
      [
        TrainerState(
          step: 3, dataFingerprint: "0badcafe"
        ).json(TrainingConfiguration(), cursor: ["epoch": 0, "index": 12]).serialized()
      ]
    }
  }
}

/// Small files of each kind.
enum Seeds {
  /// Text with several words, bytes beyond ASCII and white space.
  static let text = Array("The hen's in here,\n\n  42 cafés \u{1F600}?".utf8)

  /// A safetensors file of F32 tensors of 2 × 3.
  static func tensors(_ names: [String]) -> [UInt8] {
    let files = MemoryFiles()
    let values: [Float] = [0, 1, -2.5, 1e-30, 3e38, 0.1]
    values.withUnsafeBufferPointer { values in
      let tensors = names.map { NamedTensor(name: $0, shape: [2, 3], values: values) }
      _ = try? SafetensorsWriter.write(tensors, to: "x", files: files)
    }
    return files["x"] ?? []
  }

  /// A safetensors file of a half-precision tensor, a scalar and an empty one.
  static func halves(_ type: String) -> [UInt8] {
    let header: JSON = [
      "w": ["dtype": .string(type), "shape": [2], "data_offsets": [0, 4]],
      "s": ["dtype": "F32", "shape": [], "data_offsets": [4, 8]],
      "e": ["dtype": .string(type), "shape": [0, 9], "data_offsets": [8, 8]],
    ]
    let text = header.serialized()
    return [UInt8(text.count), 0, 0, 0, 0, 0, 0, 0] + text + [0, 60, 0, 56, 0, 0, 128, 63]
  }

  /// GPT-2's `vocab.json` of the bytes, these tokens and `<|endoftext|>`.
  static func vocabulary(_ tokens: [String]) -> [UInt8] {
    let spellings = (0...255).map { ByteAlphabet.spell([$0]) } + tokens + ["<|endoftext|>"]
    return JSON.object(spellings.enumerated().map { JSONMember($1, .integer($0)) }).serialized()
  }

  /// A tokenizer of the bytes, some merges and `<|endoftext|>`.
  static func tokenizer(merges: [String] = ["h e", "i n", "Ġ in"]) -> Tokenizer {
    let tokens = merges.map { $0.filter { $0 != " " } }
    do {
      return try Tokenizer(
        vocabulary: vocabulary(tokens), merges: Array(merges.joined(separator: "\n").utf8),
        directory: "d")
    } catch { preconditionFailure("\(error)") }
  }

  /// A `tokenizer.json` of few bytes with all that may stand around a vocabulary.
  static let addedTokens = """
    {"version": "1.0", "added_tokens": [
     {"id": 9, "content": "<a>", "single_word": true, "lstrip": true, "rstrip": true,
      "normalized": false, "special": true},
     {"id": 8, "content": "in", "normalized": true, "special": false}],
     "normalizer": {"type": "Sequence", "normalizers": []},
     "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true, "use_regex": false},
     "post_processor": {"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "<a>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "special_tokens": {"<a>": {"id": "<a>", "ids": [9], "tokens": ["<a>"]}}},
     "model": {"type": "BPE", "unk_token": "?", "fuse_unk": true, "byte_fallback": true,
      "ignore_merges": true, "merges": [["i", "n"]],
      "vocab": {"i": 0, "n": 1, "h": 2, "e": 3, "Ġ": 4, "a b": 5, "<0x21>": 6, "?": 7, "in": 8}}}
    """

  /// A line of text, by Python's gzip.
  static let gzip: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 243, 207, 75, 78, 85, 40,
    45, 200, 207, 83, 72, 84, 40, 201, 204, 77, 213, 81, 40, 201, 72, 45,
    74, 85, 40, 79, 44, 86, 72, 204, 83, 200, 204, 203, 211, 83, 240, 71,
    83, 163, 199, 5, 0, 245, 70, 79, 26, 54, 0, 0, 0,
  ]

  /// NumPy's file of the uint16 tokens 1, 2 and 299.
  static var numpy: [UInt8] {
    let text = "{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }"
    let header = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8) + [1, 0, 2, 0, 43, 1]
  }

  /// llm.c's token shard.
  static func shard(_ tokens: [UInt16]) -> [UInt8] {
    var words = [Int32](repeating: 0, count: TokenShard.headerBytes / 4)
    words[..<3] = [TokenShard.magic, 1, Int32(tokens.count)]
    return words.withUnsafeBytes { Array($0) } + tokens.withUnsafeBytes { Array($0) }
  }

  static var dataset: DatasetDescription {
    let shard = DatasetDescription.Shard(name: "train_000000.bin", tokens: 9, crc32c: 77)
    return DatasetDescription(
      vocabularySize: 300, endOfText: 299, tokenizerFingerprint: "0123456789abcdef",
      train: DatasetDescription.Split(documents: 1, bytes: 20, tokens: 9, shards: [shard]))
  }
}
