// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal

/// Imports a file.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take records from an NDJSON, CSV or HSDS file.",
    discussion: """
      Rows are found again by their external_id (or an id), so a file can be imported repeatedly: \
      what is new is created, what differs is changed. Either all rows are taken or, if one is \
      refused, none; with --keep-going all others are. A reference key:EXTERNAL_ID may name a row \
      that comes later.

      NDJSON has one object per line with "kind" and fields by name; CSV has a header of field \
      names or their German labels, sets are separated by "|". field@kreis names another scope than \
      the default. What the columns of any other table mean says a mapping file. HSDS is JSON, or a \
      directory with datapackage.json and its tables; an archive is to be unpacked before.

      What would become public that is not public by default, or was not, is refused without \
      --publish.

      Examples:
        kreisnetz import halver.ndjson
        kreisnetz import --kind organization --key name,postal_code kitas.csv --dry-run
        kreisnetz import liste.csv --mapping liste.yaml --keep-going
        kreisnetz import directory.json
        generate-rows | kreisnetz import - --format ndjson
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var publishing: PublishOptions
  @OptionGroup var output: OutputOptions
  @Option(
    help: ArgumentHelp(
      """
      The field by which rows are found again; of a CSV file without ids the fields that name a \
      row, with commas between.
      """, valueName: "fields"))
  var key = "external_id"
  @Option(help: "The kind of rows that name none.") var kind: String?
  @Option(help: "ndjson, csv or hsds; without it as the name of the file ends.")
  var format: String?
  @Option(help: ArgumentHelp("What a table's columns mean, in YAML.", valueName: "file"))
  var mapping: String?
  @Option(
    name: .customLong("legal-basis"),
    help: ArgumentHelp(
      "On which persons are recorded whom HSDS names; without it they are left out.",
      valueName: "key"))
  var legalBasis: String?
  @Flag(name: .customLong("dry-run"), help: "Show what would change, and change nothing.")
  var isDryRun = false
  @Flag(name: .customLong("keep-going"), help: "Take the other rows although some are refused.")
  var keepsGoing = false
  @Argument(help: "The file, a directory with datapackage.json, or - for standard input.")
  var file: String

  func run() throws {
    let (name, input) = try source()
    let text = try mapping.map { try Self.mapping(at: $0) }
    let request = LocalRequest(
      "import",
      [
        "format": .string(name), "kind": kind.map { .string($0) } ?? .null, "key": .string(key),
        "mapping": text.map { .string($0) } ?? .null, "dry_run": .bool(isDryRun),
        "legal_basis": legalBasis.map { .string($0) } ?? .null,
        "keep_going": .bool(keepsGoing), "publish": .bool(publishing.publish),
      ], role: act.role, reason: act.reason, hasInput: true)
    let outcome = try ReplicaSession(state).run(
      request, .writing, input: input,
      row: { row in
        if output.json { try StandardOutput().json(row) } else { try show(row) }
      })
    try StandardOutput().flush()
    if outcome != .done { throw ExitCode(outcome.rawValue) }
  }

  private func show(_ row: JSONValue) throws {
    let out = StandardOutput()
    if row["change"] != nil {
      for line in ImportText.lines(row) { try out.line(line) }
      return
    }
    for line in ImportText.findings(row) {
      FileHandle.standardError.write(Data((line + "\n").utf8))
    }
    for line in ImportText.summary(row) { try out.line(line) }
  }

  /// The format and what is read.
  private func source() throws -> (format: String, input: ChunkSource) {
    var information = stat()
    if stat(file, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
      guard format == nil || format == "hsds" else {
        throw CommandError(.wrongUse, "\(file) is a directory, which can only hold hsds.")
      }
      var package = try Self.package(in: file)
      return ("hsds-tables", { try package.next() })
    }
    let lowered = file.lowercased()
    guard !lowered.hasSuffix(".zip") else {
      throw CommandError(
        .wrongUse,
        "\(file) is an archive. Unpack it, and import the folder with datapackage.json in it.")
    }
    let input = try InputFile(file)
    let guess = lowered.hasSuffix(".csv") ? "csv" : lowered.hasSuffix(".json") ? "hsds" : "ndjson"
    return (format ?? (mapping == nil ? guess : "csv"), { try input.read() })
  }

  private static func package(in directory: String) throws -> HSDSPackage {
    do {
      return try HSDSPackage { path in
        let whole = directory + "/" + path
        guard access(whole, F_OK) == 0 else { return nil }
        let input = try InputFile(whole)
        return { try input.read() }
      }
    } catch let error as LineError {
      throw CommandError(.wrongUse, "\(directory): \(error.reason) (line \(error.line))")
    }
  }

  private static func mapping(at path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path), data.count <= ImportMapping.limit,
      let text = String(validating: data, as: UTF8.self)
    else {
      throw CommandError(
        .wrongUse,
        "\(path) cannot be read, or is not UTF-8 text of at most \(ImportMapping.limit) bytes.")
    }
    return text
  }
}
