/// Sophia with the Gauss–Newton–Bartlett estimator.
public struct SophiaGRecipe: WholeSophia {
  /// `sophia-g`.
  public let name = "sophia-g"
  /// Where it is the default.
  public let note = "default where the model names none"
  /// Sophia's and the common ones.
  public let keys = Self.commonKeys + Self.sophiaKeys

  /// The numbers of the form.
  public func setDefaults(_ c: inout TrainingConfiguration, width: Int?) { setSophiaDefaults(&c) }
}
