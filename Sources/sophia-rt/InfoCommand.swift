import ArgumentParser
import Files
import Machine
import Presets
import Transformer

/// `sophia-rt info`.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show the machine, the instruction path, the thread plan and the presets.")

  @Flag(help: "One JSON object.")
  var json = false
  @OptionGroup var threadOptions: ThreadOptions

  func run() throws {
    let machine = try MachineDescription.ofThisMachine(
      threads: threadOptions.threads, cpus: threadOptions.cpus)
    let presets = try Presets.all.map { preset in
      let parsed = try JSON(parsing: preset.json, name: preset.name)
      let config = try GPT2Config(
        huggingFace: parsed, vocabularySize: parsed["training"]?["vocabulary"]?.intValue ?? 8192,
        file: preset.name)
      return (name: preset.name, config: config, count: ParameterTable(config).count)
    }
    if json {
      let object: JSON = [
        "machine": .object(machine.rows.map { JSONMember($0.label, .string($0.text)) }),
        "threads": .integer(machine.plan.count),
        "instruction_path": .string(machine.instructionPath),
        "presets": .array(
          presets.map {
            [
              "name": .string($0.name), "parameters": .integer($0.count),
              "n_layer": .integer($0.config.layers), "n_embd": .integer($0.config.width),
              "n_head": .integer($0.config.heads), "n_positions": .integer($0.config.contextLength),
            ]
          }),
      ]
      try StandardOutput.write(object.serialized(pretty: true) + [0x0A])
      return
    }
    let width = machine.rows.map(\.label.count).max() ?? 0
    for row in machine.rows {
      let space = String(repeating: " ", count: width + 2 - row.label.count)
      try StandardOutput.write("\(row.label)\(space)\(row.text)\n")
    }
    try StandardOutput.write("\npresets (--model)\n")
    for preset in presets {
      let name = preset.name + String(repeating: " ", count: max(1, 14 - preset.name.count))
      try StandardOutput.write(
        "  \(name)\(Format.grouped(preset.count)) parameters: \(preset.config.layers) layers, width "
          + "\(preset.config.width), \(preset.config.heads) heads, context \(preset.config.contextLength)\n"
      )
    }
  }
}
