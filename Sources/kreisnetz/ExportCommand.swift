import ArgumentParser
import KreisInterchange
import KreisLocal

/// Exports the directory.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Print the directory as rows that import takes.",
    discussion: """
      Prints what this replica holds, all scopes included: mind who may read the file.

      Examples:
        kreisnetz export --format ndjson > directory.ndjson
        kreisnetz export organization
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Option(help: "ndjson.") var format = "ndjson"
  @Argument(help: "Only records of this kind.") var kind: String?

  func run() throws {
    guard format == "ndjson" else {
      throw CommandError(.wrongUse, "„\(format)“ cannot be exported; formats: ndjson")
    }
    let request = LocalRequest("export", ["kind": kind.map { .string($0) } ?? .null])
    _ = try ReplicaSession(state).run(request, .reading) { try StandardOutput().json($0) }
  }
}
