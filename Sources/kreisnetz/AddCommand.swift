// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Creates a record.
struct AddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Create a record and print its id.",
    discussion: """
      Changes are written as field=value. Of a set, field+=element adds one element and field=a|b \
      names all. field@kreis=value puts the value into another scope than the field's default \
      (public, kreis, coordination, local); field=@FILE takes it from a file. A reference is an id, \
      the unique beginning of one, or key: and an external id.

      Examples:
        kreisnetz add organization name="Kita Löwenzahn" city=Halver external_id=kita-loewenzahn
        kreisnetz add service name="Offene Sprechstunde" organization_id=key:kita-loewenzahn
        kreisnetz add contact name="Ayla Beispiel" legal_basis=public_task source=Meldebogen \
      phone@coordination="0221 4710-123"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var publishing: PublishOptions
  @Argument(help: "The kind of record, for example organization.") var kind: String
  @Argument(help: ArgumentHelp("What the record says.", valueName: "field=value"))
  var changes: [String] = []

  func run() throws {
    let request = LocalRequest(
      "add",
      [
        "kind": .string(kind), "changes": try ChangeArguments.json(changes),
        "publish": .bool(publishing.publish),
      ],
      role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      output.warn(row)
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line(PlainText.value(row["id"]))
      try PublishOptions.report(row)
    }
  }
}
