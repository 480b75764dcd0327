// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange

/// One command for a replica, as it goes over the socket: one line of JSON, after which input may
/// follow in pieces that each state their length.
///
///     {"command":"show","arguments":{"id":"key:kita-loewenzahn"},"role":"…","reason":"…","input":true}
package struct LocalRequest: Hashable, Sendable {
  /// Bytes that the line may have.
  package static let limit = 4 << 20
  /// Bytes that role and reason may have each.
  package static let textLimit = 2_000

  package let command: String
  /// Always an object.
  package let arguments: JSONValue
  /// Who acts, as a role; empty: not stated.
  package let role: String
  package let reason: String
  /// Whether input follows the line.
  package let hasInput: Bool
  /// The account for which the caller acts, as it says itself: who used sudo, or logged in elsewhere.
  package var account: String

  package init(
    _ command: String, _ arguments: JSONValue = [:], role: String = "", reason: String = "",
    hasInput: Bool = false, account: String = ""
  ) {
    self.command = command
    self.arguments = arguments
    self.role = role
    self.reason = reason
    self.hasInput = hasInput
    self.account = account
  }

  /// The request as one line with its line end.
  ///
  /// - Throws: `CommandError` if it is longer than `limit`.
  package func line() throws(CommandError) -> [UInt8] {
    let bytes = JSONWriter.bytes(
      of: [
        "command": .string(command), "arguments": arguments, "role": .string(role),
        "reason": .string(reason), "input": .bool(hasInput), "account": .string(account),
      ])
    guard bytes.count < Self.limit else {
      throw CommandError(
        .wrongUse, "The command has \(bytes.count) bytes; at most \(Self.limit) are taken.")
    }
    return bytes + [0x0A]
  }

  /// Reads what `line()` wrote.
  ///
  /// - Throws: `CommandError` for anything else.
  package init(line: some Collection<UInt8>) throws(CommandError) {
    let json: JSONValue
    do { json = try JSONParser.parse(line, limit: Self.limit) } catch {
      throw CommandError(.wrongUse, "The request is not JSON: \(error)")
    }
    guard case .string(let command) = json["command"] else {
      throw CommandError(.wrongUse, "The request names no command.")
    }
    let arguments = json["arguments"] ?? [:]
    guard case .object = arguments else {
      throw CommandError(.wrongUse, "The arguments of a request must be an object.")
    }
    self.init(
      command, arguments, role: try Self.text(json, "role"), reason: try Self.text(json, "reason"),
      hasInput: json["input"] == .bool(true), account: try Self.text(json, "account"))
  }

  private static func text(_ json: JSONValue, _ name: String) throws(CommandError) -> String {
    switch json[name] {
    case nil: return ""
    case .string(let text) where text.utf8.count <= textLimit: return text
    default:
      throw CommandError(
        .wrongUse, "The \(name) must be a text of at most \(textLimit) bytes.")
    }
  }
}
