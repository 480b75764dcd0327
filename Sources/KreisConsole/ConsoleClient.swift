// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import KreisInterchange
import KreisLocal

/// Runs commands for the console: the same that the command line has, on the same executor.
///
/// Here and nowhere else is decided what somebody may do: no page comes to a command by another way.
struct ConsoleClient: Sendable {
  private let executor: CommandExecutor
  private let isStopping: @Sendable () -> Bool
  /// For whom commands are run; `nil`: for nobody, who may nothing.
  private var person: ConsolePerson?
  /// How long a command waits for what is still being made of the directory.
  private var patience: DispatchTimeInterval = .seconds(1)

  init(_ executor: CommandExecutor, isStopping: @escaping @Sendable () -> Bool) {
    (self.executor, self.isStopping) = (executor, isStopping)
  }

  /// The same for somebody else.
  func by(_ person: ConsolePerson?) -> ConsoleClient {
    var client = self
    client.person = person
    return client
  }

  /// The same for who would lose what was typed: it waits until all is ready.
  var patient: ConsoleClient {
    var client = self
    client.patience = .seconds(120)
    return client
  }

  func may(_ command: String) -> Bool { person?.may(command) ?? false }

  /// - Throws: `Refusal` if this person must not have the command run.
  func check(_ command: String) throws(Refusal) {
    guard may(command) else { throw .notAllowed(ConsoleRole.needed(for: command)) }
  }

  /// The rows of a command's answer. Blocks.
  ///
  /// - Parameters:
  ///   - role: in which this person acts; empty: not stated. Of whoever has an account, the account
  ///     tells it.
  ///   - reason: why, kept with the change.
  ///   - input: what follows the request.
  /// - Throws: `CommandError`; `Refusal` if this person must not have it run.
  func rows(
    _ command: String, _ arguments: JSONValue = [:], role: String = "", reason: String = "",
    input: ChunkSource? = nil
  ) throws -> [JSONValue] {
    var rows: [JSONValue] = []
    try run(command, arguments, role: role, reason: reason, input: input) { rows.append($0) }
    return rows
  }

  /// Runs a command and gives its rows away one by one, also those before a failure. Blocks.
  ///
  /// - Throws: `CommandError`, `Refusal`, and what `take` throws.
  func run(
    _ command: String, _ arguments: JSONValue, role: String = "", reason: String = "",
    input: ChunkSource? = nil,
    take: @escaping (JSONValue) throws -> Void
  ) throws {
    try check(command)
    var failure: CommandError?
    let call = LocalCall(
      LocalRequest(
        command, arguments, role: person?.statedRole ?? role, reason: reason,
        hasInput: input != nil, account: person?.account ?? ""),
      by: .console, until: .now() + patience, input: input ?? { nil }, isCancelled: isStopping,
      reply: { reply in
        switch reply {
        case .row(let row): try take(row)
        case .failure(let error): failure = error
        case .heading, .progress, .done: break
        }
      })
    executor.run(call)
    if let failure { throw failure }
  }

  /// The only row of an answer.
  ///
  /// - Throws: `CommandError`, `Refusal`.
  func row(
    _ command: String, _ arguments: JSONValue = [:], role: String = ""
  ) throws -> JSONValue {
    try rows(command, arguments, role: role).first ?? .null
  }
}
