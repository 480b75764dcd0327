// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// Something in the database that is not as it was written: found where it is read, by the scrub or
/// by a verification. Stops what concerns it and nothing else.
package struct Damage: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Place: Hashable, Sendable {
    case entry(LogID, sequence: UInt64)
    /// A log's head.
    case log(LogID)
    /// A record's row in the directory tables, or the list of its entries.
    case record(RecordID)
    case feed(Scope, position: UInt64)
    /// One that cannot be told more exactly.
    case table(String)
    /// The file itself, as SQLite finds it.
    case file
  }

  package let place: Place
  /// A clause without a full stop.
  package let what: String

  package init(_ place: Place, _ what: String) {
    self.place = place
    self.what = what
  }

  /// An entry that stands beside its log.
  static func aside(_ log: LogID) -> Damage {
    Damage(.log(log), "has a damaged entry among those that were set aside")
  }

  /// What SQLite finds wrong with the pages themselves.
  static func pages(_ error: DatabaseError) -> Damage {
    Damage(.file, "has damaged pages (\(error.message ?? "no details"))")
  }

  /// Place and fault, without advice.
  package var finding: String {
    switch place {
    case .entry(let log, let sequence): "entry \(sequence) of the log \(log) \(what)"
    case .log(let log): "the log \(log) \(what)"
    case .record(let id): "the record \(id) \(what)"
    case .feed(let scope, let position): "position \(position) of the feed of \(scope) \(what)"
    case .table(let name): "the table \(name) \(what)"
    case .file: "the database file \(what)"
    }
  }

  package var description: String {
    "Damaged on disk: \(finding). It is neither shown nor sent. Repair it with: kreisnetz resync"
  }
}
