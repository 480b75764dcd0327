// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal

/// Exports the directory.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the directory for reading elsewhere.",
    discussion: """
      ndjson  all kinds and scopes, as import reads them
      csv     for Excel: one table per kind, read back with import --kind KIND; for several kinds \
      FILE is a directory. A cell that Excel would compute or change ('+49 …, '05962008) has an \
      apostrophe in front, which import removes.
      vcard   contacts and organizations, vCard 4.0
      ical    schedules and network meetings, iCalendar; what has no day of a year is left out
      hsds    organizations with all that belongs to them, HSDS 3.0 JSON

      ndjson and csv hold all scopes, the notes that are only here included: mind who may read the \
      file, or name the narrowest scope to write with --scope. vcard, ical and hsds hold public data \
      only, unless --scope kreis adds what network partners may read: such a file is not for \
      publication. --own takes only the records that this member keeps, and its notes on others. What \
      is deleted, erased or restricted is never exported.

      Examples:
        kreisnetz export > directory.ndjson
        kreisnetz export --format csv --kind organization organizations.csv
        kreisnetz export --format csv --scope kreis tables/
        kreisnetz export --format vcard --scope kreis partners.vcf
        kreisnetz export --format ical --kind schedule hours.ics
        kreisnetz export --format hsds hsds.json
      """)

  @OptionGroup var state: StateOptions
  @Option(help: "ndjson, csv, vcard, ical or hsds.") var format = "ndjson"
  @Option(help: "Only records of this kind; may be repeated.") var kind: [String] = []
  @Option(help: "The narrowest scope to write: public, kreis, coordination or local.")
  var scope: String?
  @Flag(help: "Only what this member keeps, and its own notes; ndjson and csv.") var own = false
  @Argument(help: "Where to; without it or with - to standard output.") var file: String?

  func run() throws {
    let request = LocalRequest(
      "export",
      [
        "format": .string(format), "kinds": .array(kind.map { .string($0) }),
        "scope": scope.map { .string($0) } ?? .null, "own": .bool(own),
      ])
    let target = file.flatMap { $0 == "-" ? nil : $0 }
    let isDirectory = format == "csv" && kind.count != 1
    if isDirectory, target == nil {
      throw CommandError(
        .wrongUse, "A table holds one kind: name one with --kind, or a directory for all of them.")
    }
    let output = try target.map { try ExportTarget($0, isDirectory: isDirectory) }
    _ = try ReplicaSession(state).run(request, .reading) { row in
      // A record has a kind, and maybe a note of its own.
      if row["kind"] == nil, case .string(let note) = row["note"] {
        FileHandle.standardError.write(Data((PlainText.printable(note) + "\n").utf8))
        return
      }
      let bytes: [UInt8]
      if format == "ndjson" {
        bytes = JSONWriter.bytes(of: row) + [0x0A]
      } else if case .string(let text) = row["text"] {
        bytes = Array(text.utf8)
      } else {
        throw CommandError(
          .notNow, "The running daemon is of another version and cannot export \(format).")
      }
      guard let output else { return try StandardOutput().write(bytes) }
      var name: String?
      if case .string(let file) = row["file"] { name = file }
      try output.write(bytes, to: name)
    }
    try output?.finish()
  }
}
