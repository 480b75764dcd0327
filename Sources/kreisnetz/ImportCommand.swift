import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal

/// Imports a file.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take records from an NDJSON or CSV file.",
    discussion: """
      Rows are found again by their external_id (or an id), so a file can be imported repeatedly: \
      what is new is created, what differs is changed. Either all rows are taken or, if one is \
      refused, none; with --keep-going all others are. A reference key:EXTERNAL_ID may name a row \
      that comes later.

      NDJSON has one object per line with "kind" and fields by name; CSV has a header of field \
      names, sets are separated by "|". field@kreis names another scope than the default.

      Examples:
        kreisnetz import halver.ndjson
        kreisnetz import --kind organization kitas.csv --keep-going
        generate-rows | kreisnetz import - --format ndjson
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The field by which rows are found again.", valueName: "field"))
  var key = "external_id"
  @Option(help: "The kind of rows that name none.") var kind: String?
  @Option(help: "ndjson or csv; without it as the name of the file ends.") var format: String?
  @Flag(name: .customLong("keep-going"), help: "Take the other rows although some are refused.")
  var keepsGoing = false
  @Argument(help: "The file, or - for standard input.") var file: String

  func run() throws {
    let input = try InputFile(file)
    let request = LocalRequest(
      "import",
      [
        "format": .string(format ?? (file.lowercased().hasSuffix(".csv") ? "csv" : "ndjson")),
        "kind": kind.map { .string($0) } ?? .null, "key": .string(key),
        "keep_going": .bool(keepsGoing),
      ], role: act.role, reason: act.reason, hasInput: true)
    let outcome = try ReplicaSession(state).run(
      request, .writing, input: { try input.read() },
      row: { row in
        if output.json { try StandardOutput().json(row) } else { try report(row) }
      })
    try StandardOutput().flush()
    if outcome != .done { throw ExitCode(outcome.rawValue) }
  }

  private func report(_ row: JSONValue) throws {
    let out = StandardOutput()
    output.warn(row)
    if case .array(let errors) = row["errors"] {
      for error in errors {
        let text = "line \(PlainText.value(error["line"])): \(PlainText.value(error["reason"]))\n"
        FileHandle.standardError.write(Data(text.utf8))
      }
      if case .number(let refused) = row["refused"], let count = Int(refused), count > errors.count
      {
        let text = "… and \(count - errors.count) more\n"
        FileHandle.standardError.write(Data(text.utf8))
      }
    }
    try out.line(
      ["created", "changed", "unchanged", "refused"]
        .map { "\($0) \(PlainText.value(row[$0]))" }.joined(separator: ", "))
    if row["imported"] == .bool(false) { try out.line("Nothing was imported.") }
  }
}
