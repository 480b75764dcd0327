// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisInterchange
import KreisLocal

/// Lists the records of a kind.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the records of a kind.",
    discussion: """
      field=value shows only records with that value; of a set, only those with that element.

      Examples:
        kreisnetz list organization city=Halver
        kreisnetz list service organization_id=key:kita-loewenzahn --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The kind of record, for example organization.") var kind: String
  @Argument(help: ArgumentHelp("Which records.", valueName: "field=value"))
  var filters: [String] = []

  func run() throws {
    let request = LocalRequest(
      "list", ["kind": .string(kind), "filters": try ChangeArguments.json(filters)])
    let session = try ReplicaSession(state)
    if output.json {
      _ = try session.run(request, .reading) { try StandardOutput().json($0) }
      return
    }
    let columns = (try? Schema.directory.kind(named: kind)).map(Self.columns) ?? []
    let table = TablePrinter(header: ["ID"] + columns.map(\.label) + [""])
    _ = try session.run(request, .reading) { row in
      let cells = columns.map { field -> String in
        guard let value = row[field.name] else { return "" }
        if case .string(let text) = value { return PlainText.printable(field.display(text)) }
        return PlainText.value(value)
      }
      let mark = row["conflicts"].map { "Konflikte: \(PlainText.value($0))" } ?? ""
      try table.add([PlainText.value(row["id"])] + cells + [mark])
    }
    try table.finish()
  }

  /// What tells records of a kind apart: the name, what is required, then how to reach it.
  private static func columns(_ kind: RecordKind) -> [Field] {
    let usual: Set<String> = ["city", "phone", "email", "external_id"]
    let fields = kind.fields.filter { field in
      if case .longText = field.type { return false }
      return field.required || usual.contains(field.name)
    }
    return Array(fields.sorted { $0.required && !$1.required }.prefix(4))
  }
}
