/// A token that was added to a vocabulary: found in text as it is spelled, before the text is cut into
/// pieces. The fields are those of Hugging Face `tokenizers`' `AddedToken`.
public struct AddedToken: Sendable, Equatable {
  /// The id.
  public var id: UInt32
  /// The text that stands for the token, at least one byte of UTF-8.
  public var content: [UInt8]
  /// Whether it steers a model, such as `<|endoftext|>`, rather than stand for text.
  public var isSpecial = false
  /// Whether a match counts only if no word character (`\w`) stands beside it.
  public var isSingleWord = false
  /// Whether white space before a match belongs to it (`lstrip`).
  public var takesSpaceBefore = false
  /// Whether white space after a match belongs to it (`rstrip`).
  public var takesSpaceAfter = false
  /// Whether it is looked for in normalized text, after all tokens that are not.
  public var isNormalized = false

  /// A special token without further rules.
  static func special(_ content: String, id: UInt32) -> AddedToken {
    AddedToken(id: id, content: Array(content.utf8), isSpecial: true)
  }
}
