/// Text as it is generated, cut at the first stop string: what could still become one is held back.
struct StopStrings {
  private let stops: [(text: String, bytes: [UInt8])]
  private var held: [UInt8] = []

  /// Texts that end a generation; they are not part of it.
  init(_ stops: [String]) { self.stops = stops.filter { !$0.isEmpty }.map { ($0, Array($0.utf8)) } }

  /// Takes more text, whole characters. Returns what can be shown, whole characters too, and the
  /// stop string if one came.
  mutating func take(_ text: [UInt8]) -> (text: [UInt8], stop: String?) {
    held += text
    if let (at, stop) = firstStop() {
      defer { held = [] }
      return (Array(held[..<at]), stop)
    }
    var keep = stops.map { longestOverlap($0.bytes) }.max() ?? 0
    // Never in the middle of a character.
    while keep < held.count && held[held.count - keep - 1] >= 0x80
      && !startsAtCharacter(held.count - keep)
    { keep += 1 }
    defer { held.removeFirst(held.count - keep) }
    return (Array(held[..<(held.count - keep)]), nil)
  }

  /// What was held back, at the end.
  mutating func finish() -> [UInt8] {
    defer { held = [] }
    return held
  }

  private func startsAtCharacter(_ index: Int) -> Bool {
    index >= held.count || held[index] & 0xC0 != 0x80
  }

  private func firstStop() -> (at: Int, stop: String)? {
    for at in held.indices {
      if let stop = stops.first(where: { held[at...].starts(with: $0.bytes) }) {
        return (at, stop.text)
      }
    }
    return nil
  }

  /// The longest end of `held` that begins `stop`.
  private func longestOverlap(_ stop: [UInt8]) -> Int {
    for count in stride(from: min(stop.count - 1, held.count), to: 0, by: -1)
    where held.suffix(count).elementsEqual(stop.prefix(count)) { return count }
    return 0
  }
}
