import Machine

/// The machine's limits: peaks of arithmetic from registers, and memory streams; on a machine of several
/// NUMA nodes also reading each node's memory from each node.
struct BandwidthBenchmark {
  let bench: Bench

  init(_ bench: Bench) { self.bench = bench }

  private var repetitions: Int { bench.repetitions ?? 5 }

  func run(_ report: (Measurement) -> Void) throws {
    for (name, limit) in [
      ("fp32 FMA peak", Bench.Limit.peak(.fp32)), ("int8 dot product peak", .peak(.int8)),
    ] {
      let rates = (0..<repetitions).map { _ in bench.rate(of: limit) }
      report(measurement(name, bench.unit(of: limit), rates))
    }
    let (streams, arenas) = try Streams.make(arrays: 4, of: Streams.farCount, on: bench.team)
    withExtendedLifetime(arenas) {
      for kind in [Streams.Kind.read, .copy, .update, .optimizer] {
        report(measure(kind.rawValue, streams, kind, on: bench))
      }
    }
    try acrossNodes(report)
  }

  /// Reading memory that the threads of one node touched first, on the threads of each node.
  private func acrossNodes(_ report: (Measurement) -> Void) throws {
    let topology = try Topology.ofThisMachine()
    let nodes = topology.nodeCPUs(within: .ofThisProcess)
    guard nodes.count > 1, bench.team.count > 1 else { return }
    let benches = try nodes.map { node in
      let plan = try ThreadPlan(topology: topology, affinity: .ofThisProcess, cpus: node.cpus)
      return Bench(
        benchmark: bench.benchmark, team: ThreadTeam(plan: plan, besides: bench.team),
        repetitions: bench.repetitions)
    }
    for (home, owner) in zip(nodes, benches) {
      // A node's threads share what they touched as they do in the stream above.
      let (streams, arenas) = try Streams.make(
        arrays: 1, of: Streams.farCount / nodes.count, on: owner.team)
      withExtendedLifetime(arenas) {
        for (reader, bench) in zip(nodes, benches) {
          report(
            measure(
              "read node \(home.node) from node \(reader.node)", streams, .read, on: bench))
        }
      }
    }
  }

  private func measure(
    _ name: String, _ streams: Streams, _ kind: Streams.Kind, on bench: Bench
  ) -> Measurement {
    streams.run(kind, on: bench.team)
    let rates = (0..<repetitions).map { _ in bench.rate(of: .stream(streams, kind)) }
    var result = measurement(name, .gigabytes, rates, threads: bench.team.count)
    result.seconds = streams.bytes(kind) * 1e-9 / Measurement.Spread(rates).median
    return result
  }

  private func measurement(
    _ name: String, _ unit: Measurement.Unit, _ rates: [Double], threads: Int? = nil
  ) -> Measurement {
    Measurement(
      benchmark: bench.benchmark, name: name, threads: threads ?? bench.team.count, unit: unit,
      rate: .init(rates), seconds: nil, repetitions: rates.count, bound: nil)
  }
}
