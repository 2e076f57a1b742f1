import ArgumentParser
import Files
import Generation
import Glibc
import Inference
import Tokenization

/// `generate --interactive`: each line that is typed is a prompt, and an empty one goes on with the
/// text before.
struct GenerateSession {
  let tokenizer: Tokenizer
  let run: GenerationRun
  /// The request of a prompt; its `sample` is the number of the text in the session.
  let request: (_ prompt: [UInt32], _ sample: UInt32) -> TextRequest
  /// Whether special and added tokens in a line count as such.
  let special: Bool
  /// Whether a prompt is shown before its text.
  let echoes: Bool
  /// Called with the text so far and what is new of it.
  let show: (_ text: GeneratedText, _ new: [UInt8]) throws -> Void
  private var terminal = Terminal()
  private let isTerminal = isatty(STDIN_FILENO) == 1
  private var lines = LineInput()
  /// Prompt and text of the last one.
  private var tokens: [UInt32] = []

  init(
    _ tokenizer: Tokenizer, _ run: GenerationRun, special: Bool, echoes: Bool,
    request: @escaping (_ prompt: [UInt32], _ sample: UInt32) -> TextRequest,
    show: @escaping (_ text: GeneratedText, _ new: [UInt8]) throws -> Void
  ) {
    (self.tokenizer, self.run, self.special, self.echoes) = (tokenizer, run, special, echoes)
    (self.request, self.show) = (request, show)
  }

  /// Until the end of standard input.
  mutating func loop() throws {
    if isTerminal {
      terminal.note(
        "[a line is a prompt; Enter alone goes on with the text; Ctrl-C stops it, Ctrl-D ends]")
    }
    var sample: UInt32 = 0
    while true {
      if isTerminal { Terminal.write("> ", to: STDERR_FILENO) }
      switch try lines.next() {
      case .end:
        if isTerminal { Terminal.write("\n", to: STDERR_FILENO) }
        return
      case .interrupted:
        _ = Interrupts.take()
        Terminal.write("\n", to: STDERR_FILENO)
        terminal.note("[Ctrl-D ends]")
      case .line(let line):
        try continueText(line, sample)
        sample &+= 1
      }
    }
  }

  private mutating func continueText(_ line: [UInt8], _ sample: UInt32) throws {
    let goesOn = line.isEmpty && !tokens.isEmpty
    let prompt = goesOn ? tokens : try tokenizer.promptTokens(line, special: special)
    let text = request(prompt, sample)
    do throws(InferenceError) { try run.engine.check(text.sequence) } catch {
      terminal.note("[\(error)]")
      return
    }
    if echoes && !goesOn { try StandardOutput.write(line) }
    var last: GeneratedText?
    try run.run(
      [text],
      shouldStop: {
        try StandardOutput.requireReader()
        return Interrupts.isRequested
      }, show: { _, text, new in try show(text, new) }, finish: { last = $1 })
    _ = Interrupts.take()
    let written = last?.shownIDs ?? []
    tokens = prompt + written
    try StandardOutput.write("\n")
    if case .endOfText = last?.end, written.isEmpty { terminal.note("[the text ends here]") }
  }
}

/// Standard input line by line, as it is typed.
private struct LineInput {
  enum Next {
    case line([UInt8])
    case interrupted
    case end
  }

  private var held: [UInt8] = []
  private var isAtEnd = false
  private var isFirst = true

  /// The next line without its `\n`; the last one may lack it. Waits for it, unless a signal comes.
  mutating func next() throws(FileError) -> Next {
    while true {
      if let at = held.firstIndex(of: UInt8(ascii: "\n")) {
        defer { held.removeFirst(at + 1) }
        return .line(Array(held[..<at]))
      }
      if isAtEnd {
        defer { held = [] }
        return held.isEmpty ? .end : .line(held)
      }
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0 && errno == EINTR { return .interrupted }
      if count < 0 { throw FileError(operation: "read", path: "standard input", code: errno) }
      isAtEnd = count == 0
      held += chunk[..<count]
      if held.count >= 3 || isAtEnd {
        if isFirst { held = held.withoutByteOrderMark }
        isFirst = false
      }
    }
  }
}
