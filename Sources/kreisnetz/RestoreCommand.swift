import ArgumentParser
import KreisInterchange
import KreisLocal

/// Takes the deletion of a record back, or puts a backup in a replica's place.
struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Restore a replica from a backup file, or a record that was deleted.",
    discussion: """
      With a file (a name with a slash or a dot): puts the backup in the place of the replica's \
      database, which is set aside under a dated name. The daemon must be stopped. Works on a \
      machine without a replica, too; the key is not in a backup. A restored town shows nothing \
      before its daemon has read the hub's feed to its end, because values may have been erased \
      since the backup.

      With a record: takes its deletion back. What was edited meanwhile is kept.

      Examples:
        kreisnetz restore /srv/backup/halver.sqlite --state /var/lib/kreisnetz/halver
        kreisnetz restore 0a1b2c3d-4e5f-8012-9abc-0123456789ab --reason "Irrtum"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(
    help: ArgumentHelp(
      "A backup, or a record: an id, its beginning, or key:EXTERNAL_ID.",
      valueName: "file or record"))
  var id: String

  /// No record's name has a slash or a dot, unless it begins with key:.
  private var isFile: Bool {
    !id.hasPrefix("key:") && (id.contains("/") || id.contains("."))
  }

  func run() throws {
    if isFile {
      return try BackupRestore(backup: id, state: state.path()).run(asJSON: output.json)
    }
    let request = LocalRequest("restore", ["id": .string(id)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line("\(PlainText.value(row["id"])) restored")
    }
  }
}
