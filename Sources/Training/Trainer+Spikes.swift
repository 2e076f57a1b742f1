import Files
import Optimizers

/// Steps whose loss or gradient is of no use: they stop the run, or are skipped under `--spike-guard`.
extension Trainer {
  /// Why a step makes no update.
  enum Refusal {
    /// `tensor`: the first bad one, if one is known.
    case nonFinite(what: String, tensor: String?)
    /// A loss too far above the average.
    case spike(loss: Double, average: Double)

    /// For the user.
    var reason: String {
      switch self {
      case .nonFinite(let what, let tensor):
        "\(what) is not finite" + (tensor.map { " (first bad tensor: \($0))" } ?? "")
      case .spike(let loss, let average):
        "the loss is \(Self.rounded(loss)), \(Self.rounded(average)) on average before"
      }
    }

    private static func rounded(_ nats: Double) -> String {
      nats.magnitude < 1e6 ? "\((nats * 1e4).rounded() / 1e4)" : "\(nats)"
    }
  }

  /// What is wrong with step `t`, if anything.
  func refusal(
    _ t: Int, _ loss: Double, _ norm: GradientNorm, curved: Bool
  ) -> Refusal? {
    guard loss.isFinite else {
      let bad = GradientNorm(of: theta.view(), on: team).firstNonFinite ?? norm.firstNonFinite
      return .nonFinite(what: "the loss", tensor: bad.map(tensor))
    }
    if let at = norm.firstNonFinite {
      return .nonFinite(what: "the gradient", tensor: tensor(at))
    }
    if curved, let at = curvature?.firstNonFinite {
      let what = hessian == nil ? "the sampled gradient" : "the Hessian's product with a direction"
      return .nonFinite(what: what, tensor: tensor(at))
    }
    if let spikes = state.spikes, spikes.refuses(loss) {
      return .spike(loss: loss, average: spikes.averageLoss)
    }
    return nil
  }

  /// Remembers the state as the last good one, if step `t`'s loss says so.
  func acceptLoss(_ loss: Double, _ t: Int) {
    let rho = state.autoRho
    if state.spikes?.accept(loss, step: t, rho: rho) == true {
      lastGood?.keep(on: team)
    }
  }

  /// Goes back to the last good state and on with the next batch, or throws where there is no guard, no
  /// such state or no end of it.
  func skip(_ t: Int, _ loss: Double, _ refusal: Refusal, seconds: Double) throws(TrainingError) {
    guard let lastGood, var spikes = state.spikes, let good = spikes.goodStep else {
      guard case .nonFinite(let what, let tensor) = refusal else {
        preconditionFailure("a loss above an average of none")
      }
      throw .nonFinite(step: t + 1, what: what, tensor: tensor)
    }
    guard spikes.refuse(step: t + 1) else {
      throw .spikes(step: t + 1, reason: refusal.reason)
    }
    lastGood.restore(on: team)
    (state.spikes, state.autoRho) = (spikes, spikes.goodRho)
    state.step += 1
    addToLogs([
      "event": "spike", "step": .integer(state.step), "loss": .number(loss),
      "average_loss": .number(spikes.averageLoss), "good_step": .integer(good),
      "skipped_batches": .integer(spikes.refused), "seconds": .number(seconds),
    ])
    report(
      .notice(
        "step \(t + 1): \(refusal.reason): back to the state after step \(good), this batch is skipped "
          + "(\(spikes.refused) so far)"))
  }

  private func tensor(_ index: Int) -> String {
    table.entries.last { $0.offset <= index }?.name ?? "?"
  }
}
