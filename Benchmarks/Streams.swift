import Machine

/// Memory streams over arenas, each thread on the share that it touched first. Bytes are counted as STREAM does (McCalpin 1995): a write once, without the read
/// of its cache line that most CPUs do before.
struct Streams {
  /// What a stream does with each float.
  enum Kind: String {
    /// Σ a.
    case read = "read"
    /// b = a.
    case copy = "copy"
    /// a = s·a.
    case update = "update in place"
    /// Four read, two of them written: the traffic of a Sophia step.
    case optimizer = "stream of 4 reads, 2 writes"
  }

  private typealias Vector = SIMD16<Float>

  private let arrays: [TensorView]
  private let count: Int

  /// Streams over the arrays given, all of one length.
  init(over arrays: [TensorView]) {
    self.arrays = arrays
    count = arrays.map(\.count).min() ?? 0
  }

  /// Streams over `arrays` new arenas of `count` floats, and the arenas, which must outlive them.
  static func make(
    arrays: Int, of count: Int, on team: ThreadTeam
  ) throws(MemoryError) -> (Streams, [Arena]) {
    var arenas: [Arena] = []
    for _ in 0..<arrays {
      let arena = try Arena(count: count)
      arena.touch(on: team)
      arenas.append(arena)
    }
    return (Streams(over: arenas.map { $0.view() }), arenas)
  }

  /// Floats that lie far outside every cache: 512 MB, or less where memory is short; no power of two.
  static var farCount: Int {
    min(128_000_000, MemoryLimit.current().available / 32) / 64 * 64
  }

  /// Bytes that one run moves.
  func bytes(_ kind: Kind) -> Double {
    let moves =
      switch kind {
      case .read: 1
      case .copy, .update: 2
      case .optimizer: 6
      }
    return Double(4 * moves * (count / 64 * 64))
  }

  /// Once over everything, on all threads: one array, two to copy, four for the optimizer's stream.
  func run(_ kind: Kind, on team: ThreadTeam) {
    let blocks = count / 64
    team.run { thread in
      let range = (blocks * thread / team.count)..<(blocks * (thread + 1) / team.count)
      let a = arrays.map { UnsafeMutableRawPointer($0.base) }
      switch kind {
      case .read: Self.read(a[0], range)
      case .copy: Self.copy(a[0], a[1], range)
      case .update: Self.update(a[0], range)
      case .optimizer: Self.optimizer(a[0], a[1], a[2], a[3], range)
      }
    }
  }

  /// Sums four vectors a block; the sum goes where no compiler can drop it.
  @inline(never)
  private static func read(_ a: UnsafeMutableRawPointer, _ blocks: Range<Int>) {
    var (s0, s1, s2, s3) = (Vector(), Vector(), Vector(), Vector())
    for block in blocks {
      let at = a + block * 256
      s0 += at.load(as: Vector.self)
      s1 += at.load(fromByteOffset: 64, as: Vector.self)
      s2 += at.load(fromByteOffset: 128, as: Vector.self)
      s3 += at.load(fromByteOffset: 192, as: Vector.self)
    }
    let sum = (s0 + s1) + (s2 + s3)
    // Never true: values are small.
    if sum[0] == .greatestFiniteMagnitude { a.storeBytes(of: sum, as: Vector.self) }
  }

  @inline(never)
  private static func copy(
    _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, _ blocks: Range<Int>
  ) {
    for at in stride(from: blocks.lowerBound * 256, to: blocks.upperBound * 256, by: 64) {
      (b + at).storeBytes(of: (a + at).load(as: Vector.self), as: Vector.self)
    }
  }

  @inline(never)
  private static func update(_ a: UnsafeMutableRawPointer, _ blocks: Range<Int>) {
    for at in stride(from: blocks.lowerBound * 256, to: blocks.upperBound * 256, by: 64) {
      (a + at).storeBytes(of: (a + at).load(as: Vector.self) * 0.999, as: Vector.self)
    }
  }

  /// Contractions, so that values stay bounded for any number of runs.
  @inline(never)
  private static func optimizer(
    _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, _ c: UnsafeMutableRawPointer,
    _ d: UnsafeMutableRawPointer, _ blocks: Range<Int>
  ) {
    for at in stride(from: blocks.lowerBound * 256, to: blocks.upperBound * 256, by: 64) {
      let (x, y) = ((a + at).load(as: Vector.self), (b + at).load(as: Vector.self))
      let (z, w) = ((c + at).load(as: Vector.self), (d + at).load(as: Vector.self))
      let next = y * 0.5 + w * 0.25
      (b + at).storeBytes(of: next, as: Vector.self)
      (a + at).storeBytes(of: x * 0.5 + (next + z) * 0.25, as: Vector.self)
    }
  }
}
