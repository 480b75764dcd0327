// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore
import KreisTown

struct TownRotateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Replace this town's key by a new one.",
    discussion: """
      Asks the hub for the next key generation, signed by the old key and the new one. The hub closes \
      the old key's logs; what it had not accepted of them is issued anew under the new key. Do this \
      when somebody may have had the key, or as a routine. The hub must be reachable.

      If the key itself is lost, ask for "kreisnetz hub invite --member NAME" and use "town join".

      Example:
        kreisnetz town rotate --state /var/lib/kreisnetz/halver
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Settings, where no daemon runs: proxy and authorities.", valueName: "file"))
  var config: String?

  func run() throws {
    _ = try ReplicaSession(state).run(
      LocalRequest(RotationHandler.command), .writing, handlers: handlers
    ) { row in
      if output.json { return try StandardOutput().json(row) }
      try StandardOutput().line(
        "Key generation \(PlainText.value(row["generation"])) is open. The old key signs nothing any "
          + "more; keep its file with the backups of that time.")
    }
  }

  private func handlers(
    _ store: Store, _ directory: StateDirectory
  ) throws -> [String: CommandHandler] {
    let configuration = try TownConfiguration(path: config)
    let client = try TownConnection.client(
      store: store, directory: directory, configuration: configuration)
    let opener = GenerationOpener(client: client, store: store, directory: directory)
    return [RotationHandler.command: RotationHandler.handler { try await opener.open() }]
  }
}

/// The command `town rotate`, as a daemon or the command line beside no daemon carries it out.
enum RotationHandler {
  static let command = "town-rotate"

  /// Row: `generation`.
  static func handler(
    _ rotate: @escaping @Sendable () async throws -> TownSession.OpenResult
  ) -> CommandHandler {
    { call in
      switch try ResyncHandler.wait(call, { _ in try await rotate() }) {
      case .opened(let generation, _):
        try call.row(["generation": .integer(Int(generation))])
        return .done
      case .refused(let reason), .otherInstance(let reason):
        throw CommandError(.wrongUse, "The hub does not open the next key generation: \(reason)")
      case .unavailable(let reason, _), .gathering(let reason, _):
        throw CommandError(
          .notNow,
          "The next key generation could not be opened now: \(reason)\nRepeat the command; the new key "
            + "is kept.")
      }
    }
  }
}
