// SPDX-License-Identifier: EUPL-1.2

package import Dispatch
package import KreisInterchange

/// One command while it runs: what was asked, and where the answer goes. Stays on its thread.
package final class LocalCall {
  package let request: LocalRequest
  package let peer: LocalPeer
  /// Raw input that follows the request.
  package let input: ChunkSource
  private let reply: (LocalReply) throws -> Void
  private let flushReplies: () throws -> Void
  private let cancelled: () -> Bool
  /// Until when whoever asks waits for what is made of the whole directory by another thread.
  let deadline: DispatchTime
  /// Is shown each row.
  var witness: ((JSONValue) -> Void)?

  package init(
    _ request: LocalRequest, by peer: LocalPeer = .own,
    until deadline: DispatchTime = .distantFuture,
    input: @escaping ChunkSource = { nil },
    isCancelled: @escaping () -> Bool = { false }, flush: @escaping () throws -> Void = {},
    reply: @escaping (LocalReply) throws -> Void
  ) {
    self.request = request
    self.peer = peer
    self.deadline = deadline
    self.input = input
    self.reply = reply
    cancelled = isCancelled
    flushReplies = flush
  }

  /// The account of the console for which the command is run, as the console found it out itself; `nil`
  /// everywhere else: what others say of themselves proves nothing.
  var account: String? {
    peer.way == .console && !request.account.isEmpty ? request.account : nil
  }

  /// Whether nobody waits for the answer any more, or the daemon stops.
  package var isCancelled: Bool { cancelled() }

  package func row(_ value: JSONValue) throws {
    witness?(value)
    try reply(.row(value))
  }

  func heading(_ text: String) throws { try reply(.heading(text)) }

  package func progress(_ text: String) throws { try reply(.progress(text)) }

  /// Sends what may still be in a buffer.
  package func flush() throws { try flushReplies() }

  /// - Throws: `CommandError` if nobody waits any more.
  package func checkCancelled() throws(CommandError) {
    if isCancelled { throw CommandError(.notNow, "The command was interrupted: the daemon stops.") }
  }

  func send(_ last: LocalReply) throws { try reply(last) }

  // MARK: - Arguments

  /// - Throws: `CommandError` if it is missing or no text.
  package func text(_ name: String) throws(CommandError) -> String {
    guard let text = try optionalText(name) else {
      throw CommandError(.wrongUse, "The command \(request.command) needs „\(name)“.")
    }
    return text
  }

  package func optionalText(_ name: String) throws(CommandError) -> String? {
    switch request.arguments[name] {
    case nil, .null: return nil
    case .string(let text): return text
    case .some(let other):
      throw CommandError(.wrongUse, "„\(name)“ must be a text, not \(other.typeName).")
    }
  }

  package func flag(_ name: String) throws(CommandError) -> Bool {
    switch request.arguments[name] {
    case nil, .null: return false
    case .bool(let flag): return flag
    case .some(let other):
      throw CommandError(.wrongUse, "„\(name)“ must be true or false, not \(other.typeName).")
    }
  }

  package func optionalInteger(_ name: String) throws(CommandError) -> Int? {
    switch request.arguments[name] {
    case nil, .null: return nil
    case .number(let lexeme):
      if let value = Int(lexeme) { return value }
    default: break
    }
    throw CommandError(.wrongUse, "„\(name)“ must be a whole number.")
  }

  package func list(_ name: String) throws(CommandError) -> [JSONValue] {
    switch request.arguments[name] {
    case nil, .null: return []
    case .array(let elements): return elements
    case .some(let other):
      throw CommandError(.wrongUse, "„\(name)“ must be a list, not \(other.typeName).")
    }
  }
}
