// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisInterchange
import KreisLocal

/// Destroys a record's values on every replica.
struct EraseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Destroy what is held of a person or another record, everywhere.",
    discussion: """
      First shows everything that refers to or names the person, and erases of that only what you \
      choose. A town's order is answered by the hub; then every replica destroys values and salts, \
      and says so: see kreisnetz erasures. This cannot be taken back. Reason and role stay, so they \
      must name nobody.

      Examples:
        kreisnetz erase 0a1b2c3d --reason "Antrag nach Art. 17 DSGVO" --role Netzwerkkoordination
        kreisnetz erase 0a1b2c3d --reason "Antrag nach Art. 17 DSGVO" --with 4e5f6a7b
        kreisnetz erase 0a1b2c3d --reason "Antrag nach Art. 17 DSGVO" --all-shown
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  @Option(
    name: .customLong("with"), parsing: .upToNextOption,
    help: ArgumentHelp("Erase these of the records shown, too.", valueName: "id"))
  var others: [String] = []

  @Flag(help: "Erase all records shown, but those marked similar and those of others.")
  var allShown = false

  @Flag(help: "Erase only this record.") var only = false

  func run() throws {
    let request = LocalRequest(
      "erase",
      [
        "id": .string(id), "with": .array(others.map { .string($0) }),
        "all_shown": .bool(allShown), "only": .bool(only),
      ], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      if output.json { return try StandardOutput().json(row) }
      try row["erased"] == nil ? PersonText.hit(row) : report(row)
    }
  }

  private func report(_ row: JSONValue) throws {
    let id = PlainText.value(row["id"])
    guard row["erased"] == .bool(true) else {
      return try StandardOutput().line(
        "\(id): merged into it, and not erased: ask \(PlainText.value(row["owner_title"])) to do that"
      )
    }
    try StandardOutput().line(
      row["ordered"] == .bool(true)
        ? "\(id): erased here; the hub is ordered to have it erased everywhere" : "\(id): erased")
  }
}

/// What a search for a person found, for people.
enum PersonText {
  static func hit(_ row: JSONValue) throws {
    let out = StandardOutput()
    let kind = row["kind"]?.text
    let record = kind.flatMap { try? Schema.directory.kind(named: $0) }
    let how =
      switch row["how"] {
      case "refers": "verweist"
      case "names": "nennt"
      default: "gleicher Nachname"
      }
    let name = row["name"].map { $0 == .null ? "" : "  \(PlainText.value($0))" } ?? ""
    let owner =
      row["erasable"] == .bool(true) ? "" : "  (nur \(PlainText.value(row["owner_title"])))"
    try out.line("\(PlainText.value(row["id"]))  \(record?.label ?? "?")\(name)  – \(how)\(owner)")
    guard case .array(let places) = row["places"] else { return }
    for place in places {
      let field = place["field"] ?? .null
      let label =
        field == .null ? "Rolle oder Grund einer Änderung" : RecordText.label(field, record)
      let mark = place["shown"] == .bool(true) ? "" : ", früherer Wert"
      try out.line("    \(label) [\(RecordText.scope(place["scope"]))\(mark)]")
    }
  }
}
