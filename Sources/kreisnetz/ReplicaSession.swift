// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisStore

/// Runs one command on a replica: in its daemon if one runs, else here, under the lock.
struct ReplicaSession {
  /// What a command needs when no daemon runs.
  enum Need {
    /// Opens the store beside whoever writes; no lock.
    case reading
    /// The same, asking where one may only watch if the daemon may not be commanded.
    case watching
    /// Takes the lock.
    case writing
    /// Reads the files itself, daemon or not.
    case ownReading
  }

  /// Commands that are not the executor's own, made where no daemon has them.
  typealias Handlers = (Store, StateDirectory) throws -> [String: CommandHandler]

  /// As given; `StateDirectory` checks it where this process opens the files.
  let path: String
  /// Where the answer goes besides its rows.
  let progress: ProgressLine
  /// Whether to open what is damaged as far as it can be read.
  private let isRepair: Bool

  init(_ state: StateOptions, isRepair: Bool = false) throws {
    self.isRepair = isRepair
    path = try state.path()
    progress = ProgressLine()
  }

  /// How long a command waits for another one's lock, or for a daemon that is starting, in seconds.
  private static let patience = 5.0

  /// Runs `request` and gives its rows to `row`.
  ///
  /// - Parameter handlers: further commands, for where no daemon runs.
  ///
  /// - Throws: `CommandError`, `StateDirectoryError`, `StoreError`.
  func run(
    _ request: LocalRequest, _ need: Need, input: @escaping ChunkSource = { nil },
    handlers: Handlers = { _, _ in [:] }, row: @escaping (JSONValue) throws -> Void
  ) throws -> Outcome {
    defer { progress.clear() }
    let end = Date(timeIntervalSinceNow: Self.patience)
    var request = request
    request.account = Self.account
    while true {
      if need != .ownReading, let client = try Self.client(path, watching: need == .watching) {
        return try client.run(request, input: input) { try take($0, row) }
      }
      do { return try runHere(request, need, input, handlers, row) } catch let error
        as StateDirectoryError
      {
        guard case .inUse = error, Date() < end else { throw error }
        usleep(50_000)
      }
    }
  }

  /// For whom root acts, as sudo says.
  static var account: String {
    String((ProcessInfo.processInfo.environment["SUDO_USER"] ?? "").prefix(64))
  }

  static func client(_ path: String, watching: Bool) throws -> LocalClient? {
    do { return try LocalClient.connect(to: StateDirectory.socket(in: path)) } catch {
      guard watching,
        let client = try? LocalClient.connect(to: StateDirectory.monitorSocket(in: path))
      else { throw error }
      return client
    }
  }

  private func runHere(
    _ request: LocalRequest, _ need: Need, _ input: @escaping ChunkSource, _ handlers: Handlers,
    _ row: @escaping (JSONValue) throws -> Void
  ) throws -> Outcome {
    let directory = try StateDirectory.open(path)
    let lock = need == .writing ? try directory.lock() : nil
    return try withExtendedLifetime(lock) {
      let store =
        if lock != nil {
          try directory.openStore(forRepair: isRepair)
        } else if isRepair {
          // It asks the hub, and requests are signed.
          try Store.openReadOnly(
            at: directory.database, key: directory.replicaKey(), forRepair: true)
        } else {
          try Store.openReadOnly(at: directory.database)
        }
      let executor = CommandExecutor(
        store: store, spool: directory.path, now: SystemClock.now, software: Kreisnetz.version,
        handlers: try handlers(store, directory))
      var failure: (any Error)?
      let outcome = executor.run(
        LocalCall(request, input: input) { reply in
          if case .failure(let error) = reply { failure = error }
          try take(reply, row)
        })
      if let failure { throw failure }
      return outcome
    }
  }

  private func take(_ reply: LocalReply, _ row: (JSONValue) throws -> Void) throws {
    switch reply {
    case .row(let value): try row(value)
    case .heading(let text): StandardOutput.setHeading(text)
    case .progress(let text): progress.show(text)
    case .failure, .done: break
    }
  }
}

/// What a long step is doing, on one line of a terminal; nothing where nobody looks.
struct ProgressLine {
  private let isShown = isatty(STDERR_FILENO) == 1

  func show(_ text: String) {
    guard isShown else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
  }

  func clear() {
    guard isShown else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
  }
}
