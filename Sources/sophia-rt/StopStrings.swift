/// Text as it is generated, cut at the first stop string: what could still become one is held back.
struct StopStrings {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []

  /// Texts that end a generation; they are not part of it.
  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// Takes more text, whole characters. Returns what can be shown, whole characters too, and whether
  /// a stop string came.
  mutating func take(_ text: [UInt8]) -> (text: [UInt8], stopped: Bool) {
    held += text
    if let at = firstStop() {
      defer { held = [] }
      return (Array(held[..<at]), true)
    }
    var keep = stops.map { longestOverlap($0) }.max() ?? 0
    // Never in the middle of a character.
    while keep < held.count && held[held.count - keep - 1] >= 0x80
      && !startsAtCharacter(held.count - keep)
    { keep += 1 }
    defer { held.removeFirst(held.count - keep) }
    return (Array(held[..<(held.count - keep)]), false)
  }

  /// What was held back, at the end.
  mutating func finish() -> [UInt8] {
    defer { held = [] }
    return held
  }

  private func startsAtCharacter(_ index: Int) -> Bool {
    index >= held.count || held[index] & 0xC0 != 0x80
  }

  private func firstStop() -> Int? {
    held.indices.first { at in stops.contains { held[at...].starts(with: $0) } }
  }

  /// The longest end of `held` that begins `stop`.
  private func longestOverlap(_ stop: [UInt8]) -> Int {
    for count in stride(from: min(stop.count - 1, held.count), to: 0, by: -1)
    where held.suffix(count).elementsEqual(stop.prefix(count)) { return count }
    return 0
  }
}
