// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisInterchange
package import KreisStore

/// Does one command and returns how it ended.
///
/// Handlers run on the thread of the connection and may block; they are never called on Swift's
/// cooperative pool. What they throw becomes the failure that the caller reads.
package typealias CommandHandler = @Sendable (LocalCall) throws -> Outcome

/// What only the running daemon knows.
package struct DaemonView: Sendable {
  /// Link, last contact and whatever else belongs into `status`, as an object.
  package let status: @Sendable () -> JSONValue

  /// At a hub, by member: whether it is connected, as far as this daemon has seen it.
  package let presence: @Sendable () -> [MemberID: MemberPresence]

  /// Told after each attempt to write to the store: why it could not be, or `nil` on success.
  package let wrote: @Sendable (_ trouble: String?) -> Void

  package init(
    status: @escaping @Sendable () -> JSONValue,
    presence: @escaping @Sendable () -> [MemberID: MemberPresence] = { [:] },
    wrote: @escaping @Sendable (_ trouble: String?) -> Void = { _ in }
  ) {
    self.status = status
    self.presence = presence
    self.wrote = wrote
  }
}

/// Whether a member is connected to this hub.
package enum MemberPresence: Hashable, Sendable {
  case connected
  /// Seconds since 1970.
  case gone(since: UInt64)
}

/// Runs the commands of a replica, in the daemon or in the process of the command line.
package final class CommandExecutor: Sendable {
  package let store: Store
  private let handlers: [String: CommandHandler]
  private let commands: DirectoryCommands

  /// - Parameters:
  ///   - spool: a directory of this replica alone: for input that is read twice, and the audit log.
  ///   - now: seconds since 1970.
  ///   - daemon: `nil` where no daemon runs.
  ///   - software: the program's version, for metrics.
  ///   - handlers: further commands by name, and such as replace the built-in ones.
  package init(
    store: Store, spool: String, now: @escaping @Sendable () -> UInt64, daemon: DaemonView? = nil,
    software: String = "", handlers: [String: CommandHandler] = [:]
  ) {
    self.store = store
    commands = DirectoryCommands(
      store: store, spool: spool, now: now, daemon: daemon, software: software)
    self.handlers = commands.handlers.merging(handlers) { _, given in given }
  }

  /// Everything that is measured at this replica. Blocks.
  ///
  /// - Throws: `CommandError`.
  package func metrics() throws -> [MetricFamily] { try commands.metricFamilies() }

  /// Has the index for search made, beside whatever else is done; without this the first search does it.
  package func prepareSearch() { commands.index.prepare(of: store) }

  /// Runs one command to its end. The last reply tells how it ended.
  @discardableResult
  package func run(_ call: LocalCall) -> Outcome {
    let last: LocalReply
    do {
      guard let handler = handlers[call.request.command] else {
        throw CommandError(
          .wrongUse,
          "This replica has no command „\(call.request.command)“. It has: "
            + handlers.keys.sorted().joined(separator: ", "))
      }
      if store.identity.isTraining { try call.heading(TrainingRealm.heading) }
      last = .done(try commands.audited(call, handler))
    } catch { last = .failure(CommandError(error)) }
    // Whoever does not read the last reply has gone; the command has ended all the same.
    try? call.send(last)
    try? call.flush()
    return switch last {
    case .failure(let error): error.outcome
    case .done(let outcome): outcome
    case .row, .heading, .progress: .done
    }
  }
}
