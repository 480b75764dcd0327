// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
import KreisStore

/// Who refers to whom, as some readers may see it.
package struct ExportLinks: Sendable {
  struct Link: Hashable, Sendable {
    let kind: String
    let field: String
  }

  struct Reference: Hashable, Sendable {
    let link: Link
    let target: RecordID
  }

  private var referring: [Link: [RecordID: [RecordID]]] = [:]
  /// The references of each record; empty unless they are to change.
  private var own: [RecordID: [Reference]] = [:]
  private let mayChange: Bool

  init(mayChange: Bool) { self.mayChange = mayChange }

  func has(_ link: Link) -> Bool { referring[link] != nil }

  /// Says that the references of these fields are noted from now on.
  mutating func begin(_ kind: RecordKind) {
    for field in kind.references {
      let link = Link(kind: kind.name, field: field.name)
      if referring[link] == nil { referring[link] = [:] }
    }
  }

  func records(_ link: Link, to target: RecordID) -> [RecordID] { referring[link]?[target] ?? [] }

  /// All that refer to a record.
  func records(to target: RecordID) -> [RecordID] {
    referring.values.flatMap { $0[target] ?? [] }
  }

  func references(of id: RecordID) -> [Reference] { own[id] ?? [] }

  /// Notes what a record refers to, in place of what was known of it. What stays keeps its place.
  mutating func set(_ id: RecordID, _ references: [Reference]) {
    let before = own[id] ?? []
    for one in before where !references.contains(one) {
      referring[one.link]?[one.target]?.removeAll { $0 == id }
      if referring[one.link]?[one.target]?.isEmpty == true {
        referring[one.link]?[one.target] = nil
      }
    }
    for one in references where !before.contains(one) {
      referring[one.link]?[one.target, default: []].append(id)
    }
    if mayChange { own[id] = references.isEmpty ? nil : references }
  }
}

/// What is kept of a directory from one snapshot to the next, so that the next one is looked at only where
/// something changed.
///
/// Of whoever keeps it, one at a time may use it.
// Not copied with each update, therefore no value; `ExportedDirectory` alone touches what is in it.
package final class ExportMemory: @unchecked Sendable {
  /// Records whose processing is restricted.
  var restricted: Set<RecordID>
  /// By the ids of merged records, those kept in their places, which are handed out instead.
  var kept: [RecordID: RecordID]
  var links: ExportLinks

  init(_ snapshot: Snapshot, mayChange: Bool) throws {
    restricted = try snapshot.restrictedRecords()
    kept = try snapshot.mergedRecords()
    links = ExportLinks(mayChange: mayChange)
  }
}

/// Where a change of records shows.
package struct ExportChange: Sendable {
  /// The records that read otherwise now: those that changed, and those which name them where a record
  /// was hidden, shown again, merged or parted.
  package let records: Set<RecordID>
  /// To whom they refer, or did.
  package let owners: Set<RecordID>
}
