import ArgumentParser
import Files
import Recipes

/// The flags of a section of ``TrainingSettings`` and ``RunSettings``, and what the user gave of them.
///
/// ArgumentParser finds flags among the children of a type's mirror, each under a name with `_` before it,
/// as property wrappers have; here the children come from the tables. It decodes the type from a keyed
/// container, which has what was given under the same names.
struct SettingFlags<Section: SettingSection>: ParsableArguments, CustomReflectable {
  /// Those that were given, as keys of a configuration.
  private(set) var members: [JSONMember] = []

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FlagKey.self)
    members = try Self.rows.compactMap { row, _ in
      let key = FlagKey(stringValue: row.key)
      let value: JSON? =
        switch row.kind {
        case .text:
          try container.decode(Option<String?>.self, forKey: key).wrappedValue.map(JSON.string)
        case .integer:
          try container.decode(Option<Int?>.self, forKey: key).wrappedValue.map(JSON.integer)
        case .number:
          try container.decode(Option<Double?>.self, forKey: key).wrappedValue.map(JSON.number)
        case .toggle:
          try container.decode(Flag<Bool?>.self, forKey: key).wrappedValue.map(JSON.bool)
        }
      return value.map { JSONMember(row.key, $0) }
    }
  }

  var customMirror: Mirror {
    let children = Self.rows.map { row, help -> Mirror.Child in
      let help = ArgumentHelp(
        "\(help)", valueName: row.words.valueName.isEmpty ? nil : row.words.valueName)
      let name = NameSpecification.customLong(row.key)
      let flag: Any =
        switch row.kind {
        case .text: Option<String?>(name: name, help: help)
        case .integer: Option<Int?>(name: name, help: help)
        case .number: Option<Double?>(name: name, help: help)
        case .toggle: Flag<Bool?>(name: name, inversion: .prefixedNo, help: help)
        }
      return (label: "_\(row.key)", value: flag)
    }
    return Mirror(self, children: children)
  }

  /// The rows of the section, each with its help.
  private static var rows: [(row: SettingRow, help: String)] {
    let (training, run) = (TrainingSettings.standard, RunSettings.standard)
    let all =
      training.rows.map { ($0, training.help($0)) } + run.rows.map { ($0, run.help($0)) }
    return all.filter { $0.0.words.group == Section.group }
  }
}

/// A section of the help, as a type: ArgumentParser tells groups of flags apart by their types.
protocol SettingSection {
  static var group: SettingGroup { get }
}

enum DataSection: SettingSection { static let group = SettingGroup.data }
enum ModelSection: SettingSection { static let group = SettingGroup.model }
enum OptimizerSection: SettingSection { static let group = SettingGroup.optimizer }
enum ScheduleSection: SettingSection { static let group = SettingGroup.schedule }
enum RunSection: SettingSection { static let group = SettingGroup.run }
enum MachineSection: SettingSection { static let group = SettingGroup.machine }

private struct FlagKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
