import Files
import Optimizers
import Recipes

/// Which steps make no update because their loss jumped (`--spike-guard`), and where the run goes back
/// to then.
///
/// A step is refused where its training loss is more than `nats` above the running average of those
/// before it, or where it or the gradient is not finite. Nats are added, not multiplied: cross-entropy
/// is a logarithm, so one threshold means the same factor of perplexity at the start of a run and at its
/// end, where a factor of the loss would be lenient first and strict last.
///
/// A loss tells of the weights before the step's update. So the last good state is that of the newest
/// step whose loss was no more than the average: while losses climb towards a spike it stays behind,
/// where they began to. A refused step restores it, skips its batch and counts as a step: schedule and
/// data go on, and what was learned since the good state is given up.
struct SpikeGuard: Sendable, Equatable {
  /// Losses that the average reaches back: the newest weighs 1/32, fewer are weighed alike.
  static let memory = 32
  /// So many refusals within `window` steps end the run.
  static let limit = 10
  /// Steps.
  static let window = 100

  /// By how much a loss may exceed the average, nats a token.
  let nats: Double
  /// Running average of the losses of steps that were not refused.
  private(set) var averageLoss = 0.0
  /// How many they are, at most ``memory``.
  private(set) var losses = 0
  /// Steps refused.
  private(set) var refused = 0
  /// The last ``limit`` of them, counted from 1.
  private(set) var recent: [Int] = []
  /// Steps done in the last good state; nil: there is none yet.
  private(set) var goodStep: Int?
  /// Updates that the weights and the optimizer's averages have seen: all steps but those refused and
  /// those given up with them. Corrections for bias count these.
  private(set) var updates = 0
  /// Those of the last good state.
  private(set) var goodUpdates = 0
  /// Its γ, where that is adjusted.
  private(set) var goodRho: AutoRho?

  init(nats: Double) { self.nats = nats }

  /// Before the first step; nil where there is to be none.
  init?(_ configuration: TrainingConfiguration) {
    guard configuration.spikeGuard > 0 else { return nil }
    self.init(nats: configuration.spikeGuard)
  }

  /// Whether a loss is refused.
  func refuses(_ loss: Double) -> Bool {
    !loss.isFinite || losses > 0 && loss > averageLoss + nats
  }

  /// Counts in the loss of a step that is not refused, `step` steps done before it. Returns whether the
  /// state it was computed in is good.
  mutating func accept(_ loss: Double, step: Int, rho: AutoRho?) -> Bool {
    let isGood = losses == 0 || loss <= averageLoss
    losses = min(losses + 1, Self.memory)
    averageLoss += (loss - averageLoss) / Double(losses)
    if isGood { (goodStep, goodUpdates, goodRho) = (step, updates, rho) }
    return isGood
  }

  /// Counts in an update.
  mutating func update() { updates += 1 }

  /// Counts in a step that is refused, counted from 1. Returns whether the run may go on.
  mutating func refuse(step: Int) -> Bool {
    refused += 1
    updates = goodUpdates
    recent = (recent + [step]).suffix(Self.limit)
    return recent.count < Self.limit || recent[0] + Self.window <= step
  }
}

extension SpikeGuard {
  /// For a checkpoint.
  var json: JSON {
    var members: [JSONMember] = [
      JSONMember("average_loss", .number(averageLoss)), JSONMember("losses", .integer(losses)),
      JSONMember("skipped_batches", .integer(refused)),
      JSONMember("last_skipped", .array(recent.map { .integer($0) })),
      JSONMember("updates", .integer(updates)), JSONMember("good_updates", .integer(goodUpdates)),
    ]
    if let goodStep { members.append(JSONMember("good_step", .integer(goodStep))) }
    if let goodRho { members.append(JSONMember("good_auto_rho", goodRho.json)) }
    return .object(members)
  }

  /// This one with the numbers of ``json`` after `step` steps; nil if they cannot be its.
  func restored(_ json: JSON, step: Int, adjustment: AutoRho?) -> SpikeGuard? {
    guard let average = json["average_loss"]?.doubleValue, average.isFinite,
      let losses = json["losses"]?.intValue, (0...min(step, Self.memory)).contains(losses),
      let refused = json["skipped_batches"]?.intValue, (0...step).contains(refused),
      let recent = json["last_skipped"]?.arrayValue?.map(\.intValue),
      recent.count == min(refused, Self.limit),
      let updates = json["updates"]?.intValue, (0...step - refused).contains(updates),
      let goodUpdates = json["good_updates"]?.intValue, (0...updates).contains(goodUpdates)
    else { return nil }
    var copy = self
    (copy.averageLoss, copy.losses, copy.refused) = (average, losses, refused)
    (copy.updates, copy.goodUpdates) = (updates, goodUpdates)
    for at in recent {
      guard let at, at > copy.recent.last ?? 0, at <= step else { return nil }
      copy.recent.append(at)
    }
    guard losses > 0 else { return json["good_step"] == nil ? copy : nil }
    guard let good = json["good_step"]?.intValue, (0..<step).contains(good) else { return nil }
    copy.goodStep = good
    if let adjustment {
      guard let rho = json["good_auto_rho"].flatMap(adjustment.restored) else { return nil }
      copy.goodRho = rho
    }
    return copy
  }
}
