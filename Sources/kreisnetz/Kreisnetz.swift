// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisLocal

/// The one executable: hub, town and every command.
@main
struct Kreisnetz: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kreisnetz",
    abstract: "Keeps the partner directories of a Kreis and its municipalities in sync.",
    discussion: """
      Every municipality (town) holds a replica of the directory that works without a network; the \
      Kreis's hub passes each town's changes on to the others.

      Exit codes: 0 done, 1 the answer is no, 2 wrong use or input, 3 could not be done now.

      Examples:
        kreisnetz hub init --state /var/lib/kreisnetz/hub --name "Märkischer Kreis" --ags 05962 \
      --url https://127.0.0.1:8443
        kreisnetz hub invite --state /var/lib/kreisnetz/hub --name halver --title Halver \
      --ags 05962012
        kreisnetz town join - --state /var/lib/kreisnetz/halver < invite.txt
        kreisnetz town run --state /var/lib/kreisnetz/halver
      """,
    version: version,
    subcommands: [
      HubCommand.self, TownCommand.self, StatusCommand.self, AddCommand.self, EditCommand.self,
      ShowCommand.self, ListCommand.self, DeleteCommand.self, UndeleteCommand.self,
      HistoryCommand.self, ConflictsCommand.self, ResolveCommand.self, DueCommand.self,
      ConfirmCommand.self, ReviewCommand.self, MergeCommand.self, VocabularyCommand.self,
      RequestCommand.self, RequestsCommand.self, AcceptCommand.self, DeclineCommand.self,
      TransferCommand.self,
      ImportCommand.self,
      ExportCommand.self, WatchCommand.self, LogCommand.self, ResyncCommand.self,
      BackupCommand.self, RestoreCommand.self,
      EraseCommand.self, ErasuresCommand.self, RestrictCommand.self,
      UnrestrictCommand.self, ReleaseCommand.self, PolicyCommand.self, RetentionCommand.self,
      SubjectReportCommand.self, ProcessingRecordCommand.self,
      MetricsCommand.self, CheckCommand.self, DoctorCommand.self, AuditCommand.self,
      AccountCommand.self, DigestCommand.self,
    ])

  /// What `--version` prints and statements name.
  static let version = "0.1.0"

  static func main() async {
    // Whatever this process creates is for its user alone (I7).
    umask(0o077)
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      try StandardOutput().flush()
    } catch { exit(with: error) }
    leave(Outcome.done.rawValue)
  }

  /// Ends the process at once, without the handlers that libraries have registered for its end.
  ///
  /// They free what threads use that may still run: of curl's transfers and name look-ups, of SQLite's
  /// queues, of the event loops. OpenSSL says so of its own, which breaks the heap when a thread that
  /// used it ends in that moment. What counts is on disk before anybody comes here.
  static func leave(_ code: Int32) -> Never {
    fflush(nil)
    _exit(code)
  }

  /// Ends the process as the error asks for. The parser's own errors are wrong use.
  private static func exit(with error: any Error) -> Never {
    // What was printed before belongs to the answer, also when that is no.
    try? StandardOutput().flush()
    if let failure = CommandError(known: error) {
      FileHandle.standardError.write(Data("kreisnetz: \(failure.text)\n".utf8))
      leave(failure.outcome.rawValue)
    }
    let text = fullMessage(for: error)
    if exitCode(for: error) == .success {
      print(text)
      leave(Outcome.done.rawValue)
    }
    // A monitoring system takes 2 for an alarm.
    if CommandLine.arguments.dropFirst().first == CheckCommand.configuration.commandName,
      (error as? ExitCode) == nil
    {
      print("KREISNETZ UNKNOWN - \(text.replacing("\n", with: " "))")
      leave(Outcome.notNow.rawValue)
    }
    if !text.isEmpty { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
    leave((error as? ExitCode)?.rawValue ?? Outcome.wrongUse.rawValue)
  }
}
