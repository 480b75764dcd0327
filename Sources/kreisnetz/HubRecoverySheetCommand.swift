// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore

struct HubRecoverySheetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recovery-sheet",
    abstract: "Print the root key for a second custodian, in German, on one page.",
    discussion: """
      Asks for the recovery phrase (one line of standard input), proves that it opens the root key, \
      and prints a sheet with both: with it alone a lost hub can be replaced, so it belongs on paper \
      into a sealed envelope at another place than the first. Without --with-phrase the sheet holds \
      the encrypted root key only; the phrase then is kept apart from it.

      The sheet goes to a terminal, a printer's program or a file that only its owner may read, never \
      into the log of a service.

      Examples:
        kreisnetz hub recovery-sheet --with-phrase --state /var/lib/kreisnetz/hub | lp
        kreisnetz hub recovery-sheet --output blatt.txt --state /var/lib/kreisnetz/hub
      """)

  @OptionGroup var state: StateOptions

  @Flag(help: "Print the recovery phrase as well.")
  var withPhrase = false

  @Option(
    help: ArgumentHelp("Write to this new file, which only its owner may read.", valueName: "file"))
  var output: String?

  func run() throws {
    let directory = try state.directory()
    if output == nil { try Self.checkStandardOutput() }
    let sealed = try RecoveryPhraseInput.sealedKey(
      at: "\(directory.path)/\(StateDirectory.rootKey)")
    let identity = try Store.identity(at: directory.database)
    let phrase = try RecoveryPhraseInput.open(sealed).phrase
    let sheet = RecoverySheet(
      sealed: sealed, phrase: withPhrase ? phrase : nil, url: identity.hubURL,
      isPinned: identity.hubPin != nil)
    let act = try FileAct(
      "hub recovery-sheet", about: [.init("phrase", .bool(withPhrase))], in: directory.path)
    try act.run { try write(sheet) }
  }

  private func write(_ sheet: RecoverySheet) throws {
    guard let output else { return try StandardOutput().write(Array(sheet.text.utf8)) }
    guard !FileManager.default.fileExists(atPath: output) else {
      throw CommandError(.wrongUse, "\(output) exists already. Name a new file.")
    }
    let target = try ExportTarget(output, isDirectory: false)
    try target.write(Array(sheet.text.utf8), to: nil)
    try target.finish()
  }

  /// A service's standard output is a socket to the journal, which others read.
  private static func checkStandardOutput() throws {
    var status = stat()
    guard fstat(STDOUT_FILENO, &status) == 0 else { return }
    let type = status.st_mode & S_IFMT
    guard type != S_IFSOCK, type != S_IFREG || status.st_mode & 0o077 == 0 else {
      throw CommandError(
        .wrongUse,
        "The sheet would go into a log or a file that others can read. Run it in a terminal, pass it to "
          + "a printer's program, or name a new file with --output.")
    }
  }
}

/// What a second custodian needs to replace a lost hub.
struct RecoverySheet {
  let sealed: SealedRootKey
  /// `nil`: it is kept elsewhere.
  let phrase: RecoveryPhrase?
  let url: String
  /// Whether invites pin the hub's own key, which is made of the root key.
  let isPinned: Bool

  var text: String {
    let about = sealed.about
    let tls = isPinned ? "" : " --tls-cert DATEI --tls-key DATEI"
    let phraseText =
      phrase.map { "    \($0)" }
      ?? "    steht nicht auf diesem Blatt; aufbewahrt bei: ______________________________"
    return """
      WIEDERHERSTELLUNGSBLATT – VERTRAULICH
      Kreisnetz: \(about.title) (AGS \(about.ags))

      Wer die Phrase und den verschlüsselten Schlüssel unten hat, kann den Hub dieses Verbunds
      ersetzen. Ausdrucken, in einem verschlossenen Umschlag an einem anderen Ort als das erste
      Blatt verwahren, die Datei danach löschen. Ausgabe und Rückgabe des Umschlags vermerken.

      Verwahrt von: ______________________________   Datum, Unterschrift: ____________________

      Verbund:   \(about.realm)
      Hub:       \(url)
      Stand:     Schlüsselgeneration \(about.generation)

      1. Wiederherstellungsphrase

      \(phraseText)

      2. Verschlüsselter Schlüssel (Datei keys/root.key, zwischen den Strichen Zeile für Zeile)

      ----------------------------------------------------------------
      \(sealed.text)----------------------------------------------------------------

      3. So wird ein verlorener Hub ersetzt

      Die acht Zeilen aus 2. in eine Datei root.key schreiben (jede Zeile vollständig; ein Tippfehler
      wird erkannt), dann auf der neuen Maschine:

        kreisnetz hub init --recover --state /var/lib/kreisnetz/hub \\
          --root-key root.key --url \(url)\(tls)

      Die Phrase wird abgefragt. Die Kommunen folgen von selbst; niemand muss sie besuchen. Weiter
      im Handbuch, Abschnitt „Der Hub ist verloren“.

      """
  }
}
