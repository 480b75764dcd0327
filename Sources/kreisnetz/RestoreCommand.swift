// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser

/// Puts a backup in a replica's place.
struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Restore a replica from a backup file.",
    discussion: """
      Puts the backup in the place of the replica's database, which is set aside under a dated name. \
      The daemon must be stopped. Works on a machine without a replica, too; the key is not in a \
      backup. A restored town shows nothing before its daemon has read the hub's feed to its end, \
      because values may have been erased since the backup.

      The deletion of a record is taken back with "undelete".

      Example:
        kreisnetz restore /srv/backup/halver.sqlite --state /var/lib/kreisnetz/halver
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "A file that \"backup\" wrote.") var file: String

  func run() throws {
    let path = try state.path()
    try FileAct("restore", in: path, isRescue: true).run {
      try BackupRestore(backup: file, state: path).run(asJSON: output.json)
    }
  }
}
