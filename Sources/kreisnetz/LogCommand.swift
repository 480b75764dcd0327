// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal

/// Looks at the logs themselves.
struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Verify or print the logs that everything is computed from.",
    subcommands: [Verify.self, Export.self, Fold.self, LogCompareCommand.self])

  /// Checks everything there is to check.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract: "Check every chain, signature, commitment and feed hash of this replica.",
      discussion: """
        Reads the files itself, also beside a running daemon: re-hashes every entry, folds every \
        record anew and compares the directory's tables with the result, and the feeds with what \
        the hub signed. Exit code 1 if anything differs.

        Examples:
          kreisnetz log verify
          kreisnetz log verify --json
        """)

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let outcome = try ReplicaSession(state).run(LocalRequest("log-verify"), .ownReading) { row in
        if output.json { try StandardOutput().json(row) } else { try report(row) }
      }
      try StandardOutput().flush()
      if outcome != .done { throw ExitCode(outcome.rawValue) }
    }

    private func report(_ row: JSONValue) throws {
      let out = StandardOutput()
      let table = TablePrinter(
        header: ["scope", "entries", "records", "missing", "feed", "logs", "state"])
      if case .array(let scopes) = row["scopes"] {
        for scope in scopes {
          try table.add(
            ["scope", "entries", "records", "missing_values"].map { PlainText.value(scope[$0]) }
              + [PlainText.value(scope["feed"]?["position"])]
              + ["logs", "state"].map { String(PlainText.value(scope[$0]).prefix(16)) })
        }
      }
      try table.finish()
      if case .array(let differences) = row["differences"] {
        for difference in differences { try out.line(PlainText.value(difference)) }
      }
      let isSound = row["sound"] == .bool(true)
      try out.line(
        PlainText.counted(row["entries"], "entry", "entries") + " re-hashed, "
          + PlainText.counted(row["records"], "record", "records") + " re-folded: "
          + (isSound ? "all sound" : "NOT SOUND"))
    }
  }

  /// Prints every entry.
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export", abstract: "Print every entry as a JSON line, for audits.",
      discussion: """
        Each line has hash, member, generation, scope, sequence, at, record, kind (of the entry), \
        record_kind, writes, values and, for the hub's decisions, control.

        Example:
          kreisnetz log export > entries.ndjson
        """)

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      _ = try ReplicaSession(state).run(LocalRequest("log-export"), .reading) {
        try StandardOutput().json($0)
      }
    }
  }

  /// Prints the folded state.
  struct Fold: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fold",
      abstract: "Print the state that the log folds to, as one canonical JSON object.",
      discussion: """
        Record → scope → register (a field, or field/element) → heads, the winner first: by, hash, \
        value. Keys are sorted, so equal replicas print equal bytes for the scopes they share.

        Example:
          kreisnetz log fold > state.json
        """)

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let out = StandardOutput()
      var isFirst = true
      _ = try ReplicaSession(state).run(LocalRequest("log-fold"), .reading) { row in
        // Every row is an object of one member; together they are one object.
        try out.write(isFirst ? [UInt8(ascii: "{")] : Array(",\n".utf8))
        isFirst = false
        try out.write(Array(JSONWriter.bytes(of: row, style: .canonical).dropFirst().dropLast()))
      }
      try out.line(isFirst ? "{}" : "}")
    }
  }
}
