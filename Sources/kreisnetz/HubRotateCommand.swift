// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore

struct HubRotateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Replace the hub's key by a new one.",
    discussion: """
      Opens the hub's next key generation: as a routine, or when somebody may have had the key. The \
      hub's daemon must be stopped, and nothing must be lost: of a hub that was restored or lost, \
      see "hub init --recover". Asks for the recovery phrase (one line of standard input). Towns \
      follow by themselves as soon as the daemon runs again; nobody has to visit them.

      If it is interrupted, "hub gather --close" ends it.

      Example:
        kreisnetz hub rotate --state /var/lib/kreisnetz/hub
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let directory = try state.directory()
    let sealed = try RecoveryPhraseInput.sealedKey(
      at: "\(directory.path)/\(StateDirectory.rootKey)")
    let (root, phrase) = try RecoveryPhraseInput.open(sealed)
    let opening = HubGenerationOpening(
      session: try ReplicaSession(state), directory: directory, about: sealed.about)
    let generation = try FileAct("hub rotate", in: directory.path).run {
      try begin(directory, after: sealed.about.generation)
      return try opening.open(root, phrase)
    }
    try opening.report(generation, asJSON: output.json)
  }

  /// Under the lock, so that no daemon runs: it would go on with the old key.
  ///
  /// - Parameter opened: the last generation, as the file of the root key says.
  private func begin(_ directory: StateDirectory, after opened: UInt32) throws {
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let store = try directory.openStore()
    guard store.halted == nil, store.identity.generation >= opened else {
      throw CommandError(
        .wrongUse,
        "This hub was restored from a backup, so others may hold what it lost. Let it gather first: "
          + "kreisnetz hub init --recover")
    }
    try store.startGathering()
  }
}
