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

      A hub that was set back to before its own recovery opens no key generation twice: it waits for a \
      town that followed the later one. If none holds anything of it, name its number with \
      --without-generation.

      Examples:
        kreisnetz hub gather --state /var/lib/kreisnetz/hub
        kreisnetz hub gather --close --state /var/lib/kreisnetz/hub
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "End the gathering and serve again, in the hub's next generation.")
  var close = false

  @Option(
    help: ArgumentHelp(
      "Close although nothing of this key generation of the hub was gathered.", valueName: "number")
  )
  var withoutGeneration: UInt32?

  func validate() throws {
    guard close || withoutGeneration == nil else {
      throw ValidationError("--without-generation goes with --close.")
    }
  }

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
    guard !output.json else { return }
    try table.finish()
    if let missing = try opening().opening.missing() {
      try StandardOutput().line(
        "Nothing of this hub's key generation \(missing) was gathered yet, which was opened before."
      )
    }
  }

  private func opening() throws -> (sealed: SealedRootKey, opening: HubGenerationOpening) {
    let directory = try state.directory()
    let sealed = try RecoveryPhraseInput.sealedKey(
      at: "\(directory.path)/\(StateDirectory.rootKey)")
    return (
      sealed,
      HubGenerationOpening(
        session: try ReplicaSession(state), directory: directory, about: sealed.about,
        lost: withoutGeneration)
    )
  }

  private func end() throws {
    let (sealed, opening) = try opening()
    // Before the phrase is asked for.
    try opening.check()
    let (root, phrase) = try RecoveryPhraseInput.open(sealed)
    let generation = try opening.open(root, phrase)
    try opening.report(generation, asJSON: output.json)
  }
}
