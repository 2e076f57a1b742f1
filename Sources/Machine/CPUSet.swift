import CSupport

/// A set of logical CPUs by the system's numbers, printed as Linux does: "0-3,8,10-11".
public struct CPUSet: Sendable, Equatable, CustomStringConvertible {
  /// The numbers, ascending, each once.
  public let cpus: [Int]
  /// Numbers from here on are refused: more than any machine, few enough to list.
  static let limit = 8192

  /// The set of the given numbers.
  public init(_ cpus: some Sequence<Int>) {
    self.cpus = Set(cpus).sorted()
  }

  /// Reads a list such as "0-3,8,10-11". Throws ``MachineError/cpuList(_:_:)``.
  public init(parsing list: String) throws(MachineError) {
    var found: Set<Int> = []
    for part in list.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let ends = part.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
      let numbers = ends.map { Self.number($0) }
      guard (1...2).contains(numbers.count), let first = numbers[0], let last = numbers.last ?? nil
      else {
        throw .cpuList(list, "'\(String(decoding: part, as: UTF8.self))' is not a CPU or a range")
      }
      guard first <= last else { throw .cpuList(list, "range \(first)-\(last) runs backwards") }
      guard last < Self.limit else {
        throw .cpuList(list, "CPU \(last) is beyond \(Self.limit - 1)")
      }
      found.formUnion(first...last)
    }
    self.init(found)
  }

  /// The affinity mask that this process started with.
  public static var ofThisProcess: CPUSet {
    var words = [UInt64](repeating: 0, count: limit / 64)
    cs_process_cpus(&words, Int32(words.count))
    return CPUSet((0..<limit).filter { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 })
  }

  /// Number of CPUs.
  public var count: Int { cpus.count }

  /// Whether `cpu` is in the set.
  public func contains(_ cpu: Int) -> Bool {
    var (low, high) = (0, cpus.count)
    while low < high {
      let middle = (low + high) / 2
      if cpus[middle] < cpu { low = middle + 1 } else { high = middle }
    }
    return low < cpus.count && cpus[low] == cpu
  }

  /// The list in Linux's form; "none" for the empty set.
  public var description: String {
    var parts: [String] = []
    var start = 0
    while start < cpus.count {
      var end = start
      while end + 1 < cpus.count && cpus[end + 1] == cpus[end] + 1 { end += 1 }
      parts.append(start == end ? "\(cpus[start])" : "\(cpus[start])-\(cpus[end])")
      start = end + 1
    }
    return parts.isEmpty ? "none" : parts.joined(separator: ",")
  }

  /// Digits alone (no sign, no space), at most six of them.
  private static func number(_ digits: some Collection<UInt8>) -> Int? {
    guard (1...6).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }
}
