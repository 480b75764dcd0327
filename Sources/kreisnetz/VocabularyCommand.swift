// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// The categories that a directory starts with.
struct VocabularyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vocabulary", abstract: "The default categories of organizations.",
    subcommands: [VocabularyImportCommand.self])
}

/// Creates the default categories at the hub.
struct VocabularyImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Create the default categories that are not there yet.",
    discussion: """
      Some fifty categories of organizations with their synonyms, as networks of Frühe Hilfen use \
      them. Categories that the Kreis changed or deleted stay so; it adds its own with kreisnetz add \
      taxonomy_term. Organizations and services name a category by its name, a synonym, or its key.

      Examples:
        kreisnetz vocabulary import --state /var/lib/kreisnetz/hub
        kreisnetz list taxonomy_term
        kreisnetz add taxonomy_term name=Musikschule parent_id=Bildung
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let request = LocalRequest("vocabulary-import", role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line(
        PlainText.counted(row["created"], "category", "categories") + " created, "
          + "\(PlainText.value(row["present"])) were there.")
    }
  }
}
