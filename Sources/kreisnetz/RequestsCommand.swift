// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Lists change requests.
struct RequestsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "requests",
    abstract: "List the change requests that wait for this member or that it sent.",
    discussion: """
      Examples:
        kreisnetz requests
        kreisnetz requests --all --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Flag(help: "Closed ones and those among others as well.") var all = false

  func run() throws {
    let request = LocalRequest("requests", ["all": .bool(all)])
    _ = try ReplicaSession(state).run(request, .reading) { row in
      if output.json { try StandardOutput().json(row) } else { try print(row) }
    }
  }

  private func print(_ row: JSONValue) throws {
    let out = StandardOutput()
    let value = { (name: String) in PlainText.value(row[name]) }
    try out.line("\(value("id"))  \(Self.status(row))")
    let subject = row["subject_name"] == .null ? value("subject") : value("subject_name")
    try out.line("  zu      \(subject) (\(value("to_title")))")
    let office = row["office"] == "" ? "" : ", \(value("office"))"
    let readers = row["confidential"] == .bool(true) ? ", nur an die zuständige Stelle" : ""
    try out.line("  von     \(value("title"))\(office), \(PlainText.time(row["at"]))\(readers)")
    if case .array(let changes) = row["changes"] {
      for change in changes {
        let name = PlainText.value(change["field"]) + PlainText.value(change["operation"])
        let now = change["now"] == .null ? "" : "  (jetzt: \(PlainText.value(change["now"])))"
        try out.line("  ändern  \(name)\(PlainText.value(change["value"]))\(now)")
      }
    }
    if case .array(let fields) = row["changed_since"], !fields.isEmpty {
      try out.line("  seitdem geändert: \(value("changed_since"))")
    }
    if row["remark"] != "" { try out.line("  dazu    \(value("remark"))") }
    if case .array(let answers) = row["answers"] {
      for answer in answers {
        try out.line("  \(PlainText.value(answer["title"])): \(PlainText.value(answer["text"]))")
      }
    }
    if row["reply"] != "" { try out.line("  \(value("title")): \(value("reply"))") }
  }

  private static func status(_ row: JSONValue) -> String {
    switch (row["status"], row["concerns"]) {
    case ("open", "answer"): "offen: kreisnetz accept oder decline"
    case ("open", _): "offen"
    case ("question", "reply"): "Rückfrage: kreisnetz request --reply"
    case ("question", _): "Rückfrage gestellt"
    case ("accepted", _): "angenommen"
    case ("declined", _): "abgelehnt"
    case ("withdrawn", _): "zurückgezogen"
    default: PlainText.value(row["status"])
    }
  }
}
