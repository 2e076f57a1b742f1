import Generation
import Inference

/// What `generate` says at the end: how fast it was, and why texts ended early.
struct GenerationReport {
  let lines: [String]

  init(_ run: GenerationRun) {
    let t = run.engine.timing
    let wait = run.firstToken.map {
      Double($0.components.seconds) + Double($0.components.attoseconds) * 1e-18
    }
    var parts: [String] = []
    if t.prefillTokens > 0 {
      parts.append(
        "\(t.prefillTokens) prompt tokens at \(Format.fixed(t.prefillTokensPerSecond, 0)) tok/s")
    }
    if t.decodeSeconds > 0 {
      // Each step streams every matrix once: what `sophia-rt bench decode` compares with the limit.
      let bytes = Double(t.decodeSteps) * Double(run.engine.model.matrixBytes)
      parts.append("\(t.decodeTokens) decoded at \(Format.fixed(t.decodeTokensPerSecond, 1)) tok/s")
      parts.append("weights read at \(Format.fixed(bytes / t.decodeSeconds * 1e-9, 1)) GB/s")
    }
    if let wait { parts.append("first token after \(Format.fixed(wait, 2)) s") }
    var lines = ["[\(parts.joined(separator: ", "))]"]
    if t.proposedTokens > 0 {
      let share = Double(t.acceptedTokens) / Double(t.proposedTokens)
      lines.append(
        "[lookup: \(t.acceptedTokens) of \(t.proposedTokens) proposed tokens accepted "
          + "(\(Format.fixed(100 * share, 0)) %)]")
    }
    if run.ends.contains(TextEnd.contextFull.name) {
      lines.append(
        "[stopped: the context of \(run.engine.model.config.contextLength) tokens is full; --slide goes "
          + "on]")
    }
    self.lines = lines
  }
}
