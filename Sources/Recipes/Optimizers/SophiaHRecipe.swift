/// Sophia with Hutchinson's estimator on exact Hessian-vector products.
public struct SophiaHRecipe: WholeSophia {
  /// `sophia-h`.
  public let name = "sophia-h"
  /// Its estimator.
  public let note = "exact Hessian-vector products"
  /// Sophia's, the probe, and the common ones.
  public let keys = Self.commonKeys + Self.sophiaKeys + ["probe"]

  /// Liu et al. 2023, §3.1: γ and the sequences of a refresh, 32 of 480.
  public func setDefaults(_ c: inout TrainingConfiguration, width: Int?) {
    setSophiaDefaults(&c)
    (c.gamma, c.curvatureShare) = (0.01, 32.0 / 480)
  }

  /// Checks form, refreshes and numbers.
  public func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {
    guard c.sophia.form != .official else {
      throw ConfigurationError(
        "--sophia-form official: the authors' code has no sophia-h; use paper or v1, or sophia-g")
    }
    try validateSophia(c)
  }

  /// Hutchinson's.
  public func curvature(_ c: TrainingConfiguration) -> CurvatureSource? { .hessianProducts }
}
