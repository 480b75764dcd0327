// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore

struct HubGatherCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gather", abstract: "Show what a hub that was lost has collected, and end it.",
    discussion: """
      Lists the members with the entries of theirs that the hub holds, and when each last offered what \
      it has. A town offers everything as soon as it reaches the hub.

      With --close the hub's next key generation is opened and the hub serves again. This asks for the \
      recovery phrase (one line of standard input). What a town brings afterwards is taken up as well; \
      but values that were erased meanwhile stay erased for certain only where their erasure was gathered.

      Examples:
        kreisnetz hub gather --state /var/lib/kreisnetz/hub
        kreisnetz hub gather --close --state /var/lib/kreisnetz/hub
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "End the gathering and serve again, in the hub's next generation.")
  var close = false

  func run() throws {
    if close { try end() } else { try show() }
  }

  private func show() throws {
    let table = TablePrinter(header: ["name", "title", "entries", "missing", "offered"])
    _ = try ReplicaSession(state).run(
      LocalRequest(GatherHandlers.show), .reading, handlers: HubHandlers.all
    ) { row in
      if output.json { return try StandardOutput().json(row) }
      try table.add([
        PlainText.value(row["name"]), PlainText.value(row["title"]),
        PlainText.value(row["entries"]), PlainText.value(row["missing"]),
        row["offered_at"] == .null ? "not yet" : PlainText.time(row["offered_at"]),
      ])
    }
    if !output.json { try table.finish() }
  }

  private func end() throws {
    let directory = try state.directory()
    let sealed = try RecoveryPhraseInput.sealedKey(
      at: "\(directory.path)/\(StateDirectory.rootKey)")
    let opening = HubGenerationOpening(session: try ReplicaSession(state), directory: directory)
    // Before the phrase is asked for.
    _ = try opening.renewal()
    let (root, phrase) = try RecoveryPhraseInput.open(sealed)
    let generation = try opening.open(root, phrase, sealed.about)
    try opening.report(generation, asJSON: output.json)
  }
}
