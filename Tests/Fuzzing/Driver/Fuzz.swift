import Files
import FuzzedParsers
import Glibc

/// `fuzz PARSER CORPUS [options of libFuzzer]`: writes the parser's seeds and the words in them to
/// the folder CORPUS and hands over to libFuzzer.
@main
enum Fuzz {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 2, let parser = FuzzedParser(rawValue: arguments[1]) else {
      let names = FuzzedParser.allCases.map(\.rawValue).joined(separator: ", ")
      let usage = "usage: fuzz PARSER CORPUS [options of libFuzzer]; PARSER: \(names)\n"
      _ = write(STDERR_FILENO, usage, usage.utf8.count)
      exit(64)
    }
    let corpus = arguments[2]
    for (number, seed) in parser.seeds.enumerated() {
      try parser.read(seed)
      try LocalFileSystem().writeAtomically(seed, to: "\(corpus)/seed-\(number)")
    }
    let words = dictionary(parser.seeds)
    try LocalFileSystem().writeAtomically(words, to: "\(corpus).words")
    Self.parser = parser
    let options =
      [arguments[0], "-max_len=\(parser.longest)"]
      + (words.isEmpty ? [] : ["-dict=\(corpus).words"]) + arguments.dropFirst(3) + [corpus]
    var argv: [UnsafeMutablePointer<CChar>?] = options.map { strdup($0) } + [nil]
    var argc = CInt(options.count)
    argv.withUnsafeMutableBufferPointer { buffer in
      var base = buffer.baseAddress
      exit(LLVMFuzzerRunDriver(&argc, &base, tryInput))
    }
  }

  /// Set once, before the first input.
  nonisolated(unsafe) static var parser = FuzzedParser.json

  /// The strings of the seeds, with their quotes, as libFuzzer's dictionary: an entry a line.
  private static func dictionary(_ seeds: [[UInt8]]) -> [UInt8] {
    var words = Set<String>()
    for seed in seeds {
      let parts = seed.split(separator: UInt8(ascii: "\""))
      for part in parts where part.count < 40 && part.allSatisfy({ 0x20..<0x7F ~= $0 }) {
        words.insert(String(decoding: part, as: UTF8.self))
      }
    }
    let escaped = words.sorted().map { word in
      let text = word.utf8.map { byte in
        let hex = String(byte, radix: 16)
        return "\\x" + (hex.count < 2 ? "0" : "") + hex
      }
      return "\"\(text.joined())\"\n"
    }
    return Array(escaped.joined().utf8)
  }
}

/// libFuzzer calls it with each input.
private func tryInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do throws(Finding) { try Fuzz.parser.read(bytes) } catch { fatalError("\(error)") }
  return 0
}

/// libFuzzer's main function.
@_silgen_name("LLVMFuzzerRunDriver")
private func LLVMFuzzerRunDriver(
  _ argc: UnsafeMutablePointer<CInt>,
  _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
