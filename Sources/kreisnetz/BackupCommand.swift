// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal
import KreisStore

/// Writes a backup of a replica.
struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Write a backup of this replica to a file.",
    discussion: """
      Works beside a running daemon. The file holds everything but the keys: all logs, those of the \
      scope local included. It is read again from the first entry to the last before it gets its \
      name. Keep the directory keys/ as well, in another place.

      Example:
        kreisnetz backup /srv/backup/halver.sqlite --state /var/lib/kreisnetz/halver
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Flag(name: .long, help: "Replace a file of this name.") var force = false
  @Argument(help: "The file to write.") var file: String

  func run() throws {
    let path = URL(filePath: file).standardizedFileURL.path(percentEncoded: false)
    guard force || !FileManager.default.fileExists(atPath: path) else {
      throw CommandError(.wrongUse, "\(path) exists already. Give another name, or --force.")
    }
    let directory = try state.directory()
    let progress = ProgressLine()
    defer { progress.clear() }
    let store = try Store.openReadOnly(at: directory.database)
    try FileAct("backup", in: directory.path, isRescue: true).run {
      try store.blockingBackup(to: path) { progress.show($0) }
    }
    progress.clear()
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? nil
    if output.json {
      try StandardOutput().json(["file": .string(path), "bytes": .integer(size ?? 0)])
    } else {
      try StandardOutput().line(
        """
        \(path): \(size ?? 0) bytes, read again and sound.
        The keys are not in it. Keep \(directory.path)/keys in another place.
        """)
    }
  }
}
