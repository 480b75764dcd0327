// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange

/// One line of the answer to a command. The last is `failure` or `done`.
package enum LocalReply: Hashable, Sendable {
  /// Data, in the form that `--json` prints.
  case row(JSONValue)
  /// What is to stand above the rows where people read them. Comes before them.
  case heading(String)
  /// What is being done and how far it is, for people who wait.
  case progress(String)
  case failure(CommandError)
  case done(Outcome)

  /// Bytes that a line may have. A record's history can be long, its rows are bounded by the limits
  /// of the log.
  package static let limit = 64 << 20

  /// The reply as one line with its line end.
  package func line() -> [UInt8] {
    let json: JSONValue =
      switch self {
      case .row(let value): ["row": value]
      case .heading(let text): ["heading": .string(text)]
      case .progress(let text): ["progress": .string(text)]
      case .failure(let error):
        ["failure": .string(error.text), "exit": .integer(Int(error.outcome.rawValue))]
      case .done(let outcome): ["exit": .integer(Int(outcome.rawValue))]
      }
    return JSONWriter.bytes(of: json) + [0x0A]
  }

  /// Reads what `line()` wrote.
  ///
  /// - Throws: `CommandError` for anything else: whatever listens is no daemon of this version.
  package init(line: some Collection<UInt8>) throws(CommandError) {
    let strange = CommandError(
      .notNow, "The running daemon answers something that this version does not understand.")
    let json: JSONValue
    do { json = try JSONParser.parse(line, limit: Self.limit) } catch { throw strange }
    if let row = json["row"] {
      self = .row(row)
    } else if case .string(let text) = json["heading"] {
      self = .heading(text)
    } else if case .string(let text) = json["progress"] {
      self = .progress(text)
    } else {
      guard case .number(let code) = json["exit"], let outcome = Int32(code).flatMap(Outcome.init)
      else { throw strange }
      if case .string(let text) = json["failure"] {
        self = .failure(CommandError(outcome, text))
      } else {
        self = .done(outcome)
      }
    }
  }
}
