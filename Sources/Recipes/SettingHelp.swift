import Files

extension SettingTable {
  /// The help of a row, its default included.
  /// - initial: the default in words, where the row has none of its own.
  fileprivate func help(_ row: SettingRow, initial: String) -> String {
    let usually = row.words.usually ?? initial
    let text = row.words.help
    return "\(text.dropLast(text.hasSuffix(".") ? 1 : 0)) (default: \(usually))."
  }
}

extension SettingTable where Rows == RunSettings {
  /// The help of a row, its default included.
  public func help(_ row: SettingRow) -> String { help(row, initial: text(row.initial)) }
}

extension SettingTable where Rows == TrainingSettings {
  /// The help of a row, its default included; of what is each optimizer's own, those of all that read it,
  /// as `0.9 with adamw, muon; 0.95 with lion`. Models may have others.
  public func help(_ row: SettingRow) -> String {
    guard row.words.isOptimizers else { return help(row, initial: text(row.initial)) }
    var defaults: [(value: String, names: [String])] = []
    for recipe in settings.optimizers.recipes where recipe.keys.contains(row.key) {
      var configuration = TrainingConfiguration(self)
      configuration.optimizer = recipe.name
      recipe.setDefaults(&configuration, width: nil)
      let value = text(configuration[row.key] ?? .null)
      if let at = defaults.firstIndex(where: { $0.value == value }) {
        defaults[at].names.append(recipe.name)
      } else {
        defaults.append((value, [recipe.name]))
      }
    }
    let each = defaults.map { "\($0.value) with \($0.names.joined(separator: ", "))" }
    return help(
      row, initial: defaults.count == 1 ? defaults[0].value : each.joined(separator: "; "))
  }
}

/// A default as the user would write it.
private func text(_ value: JSON) -> String {
  switch value {
  case .bool(let isOn): isOn ? "yes" : "no"
  default: value.stringValue ?? String(decoding: value.serialized(), as: UTF8.self)
  }
}
