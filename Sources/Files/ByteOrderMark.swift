extension Array<UInt8> {
  /// These bytes without UTF-8's byte order mark, which some editors put before a text.
  public var withoutByteOrderMark: [UInt8] {
    starts(with: [0xEF, 0xBB, 0xBF]) ? Array(dropFirst(3)) : self
  }
}
