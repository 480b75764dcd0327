// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal

/// Runs commands for the console: the same that the command line has, on the same executor.
struct ConsoleClient: Sendable {
  private let executor: CommandExecutor
  private let isStopping: @Sendable () -> Bool

  init(_ executor: CommandExecutor, isStopping: @escaping @Sendable () -> Bool) {
    (self.executor, self.isStopping) = (executor, isStopping)
  }

  /// The rows of a command's answer. Blocks.
  ///
  /// - Throws: `CommandError`.
  func rows(_ command: String, _ arguments: JSONValue = [:]) throws(CommandError) -> [JSONValue] {
    var rows: [JSONValue] = []
    var failure: CommandError?
    let call = LocalCall(
      LocalRequest(command, arguments), by: .console, isCancelled: isStopping,
      reply: { reply in
        switch reply {
        case .row(let row): rows.append(row)
        case .failure(let error): failure = error
        case .heading, .progress, .done: break
        }
      })
    executor.run(call)
    if let failure { throw failure }
    return rows
  }

  /// The only row of an answer.
  ///
  /// - Throws: `CommandError`.
  func row(_ command: String, _ arguments: JSONValue = [:]) throws(CommandError) -> JSONValue {
    try rows(command, arguments).first ?? .null
  }
}
