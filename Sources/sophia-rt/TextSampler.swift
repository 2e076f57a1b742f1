import Machine
import Training

/// Samples of text while a model trains.
final class TextSampler {
  init(run: TrainingRun, on team: ThreadTeam) {}
  func sample(_ parameters: Arena) -> String { "" }
}
