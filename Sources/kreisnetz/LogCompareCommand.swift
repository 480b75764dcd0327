// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal

/// Checks two pieces of evidence against each other, without any replica.
struct LogCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Check whether two signed statements prove that the hub showed two histories.",
    discussion: """
      Takes two files of the directory "evidence" of a state directory. Needs \
      no replica and no network: each file holds the hub's certificates, which the realm's root key \
      signed. Compare the realm that is printed with the one you know.

      Exit codes: 0 EQUAL, 1 CONTRADICTION or ROLLBACK, 2 a file is damaged or forged, 3 INCOMPARABLE.

      Example:
        kreisnetz log compare evidence/public-1-17-a.json evidence/public-1-17-b.json
      """)

  @Argument(help: "A file with evidence.")
  var one: String

  @Argument(help: "The other file.")
  var other: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    let (first, second) = (try read(one), try read(other))
    let verdict: Evidence.Verdict
    do { verdict = try Evidence.compare(first, second) } catch {
      throw CommandError(.wrongUse, "This is no evidence: \(error).")
    }
    let (word, text, outcome) = Self.result(verdict)
    let realm = first.statement.statement.realm.description
    if output.json {
      try StandardOutput().json([
        "verdict": .string(word), "text": .string(text), "realm": .string(realm),
      ])
    } else {
      try StandardOutput().line("\(word): \(text)\nrealm \(realm)")
    }
    try StandardOutput().flush()
    if outcome != .done { throw outcome.exit }
  }

  private static func result(_ verdict: Evidence.Verdict) -> (String, String, Outcome) {
    switch verdict {
    case .equal(let scope, let position):
      (
        "EQUAL", "both show the same history of the feed \(scope), up to position \(position)",
        .done
      )
    case .contradiction(let scope, let position, let one, let other):
      (
        "CONTRADICTION",
        "the hub signed two histories of the feed \(scope): at position \(position) its hash is "
          + "\(one) in the one and \(other) in the other", .no
      )
    case .rollback(let scope, let from, let to):
      (
        "ROLLBACK",
        "the hub stated position \(from) of the feed \(scope), and later only position \(to)", .no
      )
    case .incomparable(let reason): ("INCOMPARABLE", reason, .notNow)
    }
  }

  private func read(_ path: String) throws -> Evidence {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      throw CommandError(
        .wrongUse, "\(path) cannot be read: \(error.localizedDescription)")
    }
    do { return try EvidenceJSON.decode(Array(data)) } catch {
      throw CommandError(.wrongUse, "\(path) is no evidence: \(error).")
    }
  }
}
