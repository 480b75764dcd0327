import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal

/// Puts a backup in a replica's place.
struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Restore a replica from a backup file.",
    discussion: """
      Puts the backup in the place of the replica's database, which is set aside under a dated name. \
      The daemon must be stopped. Works on a machine without a replica, too; the key is not in a \
      backup. A restored town shows nothing before its daemon has read the hub's feed to its end, \
      because values may have been erased since the backup.

      Where there is no such file, the id of a record is taken as by "undelete", which takes the \
      deletion of a record back.

      Example:
        kreisnetz restore /srv/backup/halver.sqlite --state /var/lib/kreisnetz/halver
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "A file that \"backup\" wrote.") var file: String

  /// What no file is needed for: an id, its beginning, or key:EXTERNAL_ID.
  private var isRecord: Bool {
    file.hasPrefix("key:") || file.utf8.allSatisfy { "0123456789abcdefABCDEF-".utf8.contains($0) }
  }

  func run() throws {
    if !FileManager.default.fileExists(atPath: file), isRecord {
      return try UndeleteCommand.undelete(file, state, act, output)
    }
    try BackupRestore(backup: file, state: state.path()).run(asJSON: output.json)
  }
}
