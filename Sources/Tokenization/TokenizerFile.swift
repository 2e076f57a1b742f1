import Files

/// The layout of Hugging Face `tokenizer.json` and which kinds of tokenizer in it are ours.
struct TokenizerFile {
  /// For error messages.
  let name: String

  /// Refuses everything but byte-level BPE with GPT-2's pattern, naming what is different.
  func checkKind(of root: JSON) throws(TokenizerError) {
    guard root.objectValue != nil else { throw invalid("the file", "an object", root) }
    if let version = root["version"], version.stringValue?.utf8.elementsEqual("1.0".utf8) != true {
      throw unsupported("version", version, "\"1.0\"")
    }
    try check(kindOf: "normalizer", root["normalizer"], allowed: [])
    try check(kindOf: "pre_tokenizer", root["pre_tokenizer"], allowed: ["ByteLevel"])
    if isNull(root["pre_tokenizer"]) { throw unsupported("pre_tokenizer", nil, "'ByteLevel'") }
    if root["pre_tokenizer"]?["add_prefix_space"]?.boolValue != false {
      throw unsupported(
        "pre_tokenizer.add_prefix_space", root["pre_tokenizer"]?["add_prefix_space"], "false")
    }
    let usesPattern = root["pre_tokenizer"]?["use_regex"]
    if usesPattern?.boolValue == false { throw unsupported("use_regex", usesPattern, "true") }
    // A template of the text alone adds no token; transformers 5 writes one.
    let template = root["post_processor"]?["single"]?.arrayValue
    let addsNothing = template?.count == 1 && template?.first?["Sequence"] != nil
    try check(
      kindOf: "post_processor", root["post_processor"],
      allowed: ["ByteLevel"] + (addsNothing ? ["TemplateProcessing"] : []))
    try check(kindOf: "decoder", root["decoder"], allowed: ["ByteLevel"])
    try checkModel(root["model"])
  }

  private func checkModel(_ model: JSON?) throws(TokenizerError) {
    guard let model, model.objectValue != nil else { throw invalid("model", "an object", model) }
    // Older files do not name the type of a BPE model.
    let type = model["type"]?.stringValue ?? (model["merges"] != nil ? "BPE" : "?")
    if !type.utf8.elementsEqual("BPE".utf8) {
      throw .unsupported(
        file: name, what: "model type", found: "'\(type)'", expected: "'BPE' byte-level")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      let value = model[key]
      if !isNull(value), value?.stringValue?.isEmpty != true {
        throw unsupported("model.\(key)", value, "null")
      }
    }
    if !isNull(model["dropout"]), model["dropout"]?.doubleValue != 0 {
      throw unsupported("model.dropout", model["dropout"], "null")
    }
    if let value = model["ignore_merges"], !isNull(value), value.boolValue != false {
      throw unsupported("model.ignore_merges", value, "false")
    }
  }

  /// The elements of an array; none if it is absent.
  func list(_ json: JSON?, place: String) throws(TokenizerError) -> [JSON] {
    guard let json else { return [] }
    guard let elements = json.arrayValue else { throw invalid(place, "an array", json) }
    return elements
  }

  /// The two tokens of a merge, written `"a b"` or `["a", "b"]`.
  func parts(
    of merge: JSON, place: @autoclosure () -> String
  ) throws(TokenizerError) -> (left: Substring.UTF8View, right: Substring.UTF8View) {
    if let text = merge.stringValue {
      let blank = UInt8(ascii: " ")
      if let middle = text.utf8.firstIndex(of: blank) {
        let right = text[text.utf8.index(after: middle)...].utf8
        if !right.contains(blank) { return (text[..<middle].utf8, right) }
      }
    } else if let pair = merge.arrayValue, pair.count == 2, let left = pair[0].stringValue,
      let right = pair[1].stringValue
    {
      return (left[...].utf8, right[...].utf8)
    }
    throw invalid(place(), "\"a b\" or [\"a\", \"b\"]", merge)
  }

  func invalid(_ place: String, _ expected: String, _ found: JSON?) -> TokenizerError {
    .invalid(file: name, place: place, expected: expected, found: describe(found))
  }

  /// A component that is absent, null or of one of the types `allowed`.
  private func check(
    kindOf what: String, _ json: JSON?, allowed: [String]
  ) throws(TokenizerError) {
    guard let json, !isNull(json) else { return }
    let type = json["type"]?.stringValue ?? "?"
    if allowed.contains(where: { $0.utf8.elementsEqual(type.utf8) }) { return }
    throw .unsupported(
      file: name, what: what, found: "'\(type)'",
      expected: allowed.isEmpty ? "null" : allowed.map { "'\($0)'" }.joined(separator: " or "))
  }

  private func unsupported(_ what: String, _ found: JSON?, _ expected: String) -> TokenizerError {
    .unsupported(file: name, what: what, found: describe(found), expected: expected)
  }

  private func isNull(_ json: JSON?) -> Bool { json == nil || json == .null }

  /// A short value itself, else its kind.
  private func describe(_ json: JSON?) -> String {
    guard let json else { return "nothing" }
    if json.arrayValue != nil || json.objectValue != nil { return json.kind }
    return String(decoding: json.serialized(), as: UTF8.self)
  }
}
