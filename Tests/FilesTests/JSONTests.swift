import Files
import Testing

@Suite struct JSONTests {
  private func parse(_ text: String, maxDepth: Int = 32) throws -> JSON {
    try JSON(parsing: Array(text.utf8), name: "test.json", maxDepth: maxDepth)
  }

  private func error(_ bytes: [UInt8]) throws -> JSONError {
    try #require(throws: JSONError.self) { try JSON(parsing: bytes, name: "test.json") }
  }

  @Test func valuesOfEveryKind() throws {
    let json = try parse(
      #" {"a" : [1, -2.5, 1e3, -0, 0.5E-1], "b": {"c": null, "d": true, "e": false}, "": "" } "#)
    #expect(
      json == [
        "a": [1, -2.5, 1000.0, -0.0, 0.05], "b": ["c": .null, "d": true, "e": false], "": "",
      ])
    #expect(json["a"]?.arrayValue?[0].intValue == 1)
    #expect(json["a"]?.arrayValue?[0].doubleValue == 1)
    #expect(json["a"]?.arrayValue?[2].intValue == nil)
    #expect(json["b"]?["d"]?.boolValue == true)
    #expect(json["b"]?.objectValue?.count == 3)
    #expect(json[""]?.stringValue == "")
    #expect(json["c"] == nil)
  }

  @Test func numbersKeepTheirKindAndEveryDigit() throws {
    #expect(try parse("9223372036854775807") == .integer(.max))
    #expect(try parse("-9223372036854775808") == .integer(.min))
    #expect(try parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
    #expect(try parse("1000000000000000019884624838656") == .number(0x1p0 * 1e30))
    guard case .number(let zero) = try parse("-0") else { return #expect(Bool(false)) }
    #expect(zero.sign == .minus)
    var seed: UInt64 = 1
    for _ in 0..<2000 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: seed)
      if value.isFinite { #expect(try JSON.number(value).roundTrip() == .number(value)) }
    }
  }

  @Test func escapesAreReadAndWritten() throws {
    let json = try parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000""#)
    #expect(json == .string("\"\\/\u{8}\u{c}\n\r\té😀\0"))
    #expect(String(decoding: json.serialized(), as: UTF8.self) == #""\"\\/\b\f\n\r\té😀\u0000""#)
    for scalar in 0..<UInt32(0x300) {
      let json = JSON.string(String(try #require(Unicode.Scalar(scalar))))
      #expect(try json.roundTrip() == json)
    }
  }

  @Test func textIsStable() {
    let json: JSON = [
      "b": [1, 2.0, .array([]), .object([])], "a": ["x": .null], "n": .number(.nan),
    ]
    #expect(
      String(decoding: json.serialized(), as: UTF8.self)
        == #"{"b":[1,2.0,[],{}],"a":{"x":null},"n":null}"#)
    #expect(
      String(
        decoding: (["b": [1, .array([])], "a": ["x": 0.1]] as JSON).serialized(pretty: true),
        as: UTF8.self)
          == """
          {
            "b": [
              1,
              []
            ],
            "a": {
              "x": 0.1
            }
          }
          """)
  }

  @Test func namesAreComparedAsBytes() throws {
    let composed = "\u{e9}"
    let decomposed = "e\u{301}"
    #expect(composed == decomposed)
    let json = try parse("{\"\(composed)\":1,\"\(decomposed)\":2}")
    #expect(json[composed] == 1)
    #expect(json[decomposed] == 2)
    #expect(JSON.string(composed) != JSON.string(decomposed))
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1,]", "[,1]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}",
    "[1 2]", "1 2", "01", "-", "-a", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity",
    "-Infinity",
    "1e999", "-1e999", "nul", "truE", "falsey", "'a'", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"",
    "\"\\u123g\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\n\"", "\"\u{1f}\"", "// c\n1", "[1]//", "{\"a\":1 \"b\":2}", "]", "}", ":", ",",
    "\u{feff}1",
    "[\"a\"\u{a0}]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
  ])
  func refuses(_ text: String) throws {
    let error = try error(Array(text.utf8))
    #expect(error.name == "test.json")
    #expect(!error.description.contains("\n"))
  }

  /// What Python's `json.loads` gives for the same texts; a lone surrogate encoded with "replace".
  @Test func whatPythonReadsBesides() throws {
    func parse(_ text: String) throws -> (value: JSON, replacedSurrogates: Int) {
      try JSON.parsingAsPython(Array(text.utf8), name: "test.json")
    }
    let numbers = try parse("[NaN, Infinity, -Infinity, 1e999, -1e999]").value.arrayValue ?? []
    #expect(numbers.first?.doubleValue?.isNaN == true)
    #expect(
      numbers.dropFirst() == [
        .number(.infinity), .number(-.infinity), .number(.infinity), .number(-.infinity),
      ])
    for (text, expected, count) in [
      (#""\ud800""#, "\u{FFFD}", 1), (#""\udc00x""#, "\u{FFFD}x", 1),
      (#""\ud800\u0041""#, "\u{FFFD}A", 1), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀", 1),
      (#""\ud800\n\ud800""#, "\u{FFFD}\n\u{FFFD}", 2), (#""\ud83d\ude00""#, "😀", 0),
    ] {
      let found = try parse(text)
      #expect(found.value == .string(expected) && found.replacedSurrogates == count, "\(text)")
    }
    let members = (0..<20).map { "\"k\($0 % 12)\":\($0)" }.joined(separator: ",")
    let object = try parse("{\(members)}").value
    #expect(object.objectValue?.count == 12 && object["k3"] == 15 && object["k9"] == 9)
    for text in [
      "nan", "-NaN", "+1", "Inf", "-Infinit", "[NaN", "{\"a\":1,}", "'a'", "01", "\"\n\"",
    ] {
      #expect(throws: JSONError.self, "\(text)") { try parse(text) }
    }
  }

  @Test func aGitLFSPointerIsNamed() throws {
    let text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    #expect(try error(Array(text.utf8)).found == GitLFSPointer.meaning)
    #expect(try error(Array("version 1".utf8)).found != GitLFSPointer.meaning)
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0xFF],
    ] as [[UInt8]])
  func refusesOtherThanUTF8(_ bytes: [UInt8]) throws {
    #expect(try error([0x22] + bytes + [0x22]).expected == "a string in UTF-8")
    _ = try error(bytes)
  }

  @Test func errorsSayWhere() throws {
    let error = try error(Array("{\n  \"a\": 1,\n  \"b\" 2}".utf8))
    #expect(
      error.description
        == "test.json, line 3, byte 18: expected ':' after the member name, found '2'")
  }

  @Test func findsANameTwiceAmongMany() throws {
    for (count, again) in [(7, 0), (8, 7), (9, 3), (500, 499), (500, 0)] {
      let members = (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",")
      #expect(try parse("{\(members)}").objectValue?.count == count)
      #expect(throws: JSONError.self) { try parse("{\(members),\"k\(again)\":1}") }
    }
  }

  @Test func depthIsBounded() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try parse(nested(32))
    #expect(throws: JSONError.self) { try parse(nested(33)) }
    #expect(throws: JSONError.self) { try parse(nested(1_000_000)) }
    #expect(throws: JSONError.self) { try parse(String(repeating: "{\"a\":", count: 100_000)) }
    _ = try parse("[[],[],[[]]]", maxDepth: 3)
    #expect(throws: JSONError.self) { try parse("[[],[],[[[]]]]", maxDepth: 3) }
  }

  /// Every prefix and every changed byte of a text is either refused or parsed; nothing traps.
  @Test func damageNeverTraps() throws {
    let text = Array(#"{"a\u00e9\ud83d\ude00":[1,-2.5e-3,true,null],"é":{"x":"y\n"}}"#.utf8)
    for length in 0..<text.count {
      #expect(throws: JSONError.self) {
        try JSON(parsing: Array(text[..<length]), name: "t")
      }
    }
    for index in text.indices {
      for value in UInt8.min...UInt8.max {
        var changed = text
        changed[index] = value
        if let json = try? JSON(parsing: changed, name: "t") {
          #expect(try json.roundTrip() == json)
        }
      }
    }
  }

  @Test func aLargeObjectTakesLinearTime() throws {
    func text(_ count: Int) -> [UInt8] {
      let members = (0..<count).map { "\"Ġtoken\($0)\": \($0)" }.joined(separator: ", ")
      return Array("{\(members)}".utf8)
    }
    /// The least of several tries, which other programs disturb least.
    func time(_ count: Int) throws -> Duration {
      let text = text(count)
      return try (0..<5).map { _ in
        try ContinuousClock().measure {
          let json = try JSON(parsing: text, name: "vocab.json")
          #expect(json.objectValue?.count == count)
        }
      }.min() ?? .zero
    }
    // Sixteen times the members: linear time grows by 16 and what the caches add, comparing each name
    // with each other by 256.
    let growth = try time(64_000) / time(4_000)
    #expect(growth < 64, "\(growth)")
  }
}

extension JSON {
  fileprivate func roundTrip() throws -> JSON {
    let compact = try JSON(parsing: serialized(), name: "compact")
    let pretty = try JSON(parsing: serialized(pretty: true), name: "pretty")
    return compact == pretty ? compact : .null
  }
}
