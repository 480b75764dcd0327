// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: keep, other. Row: `id` (the one kept), `merged`, `redirected` (ids), `remaining` (what
  /// others must redirect: `id`, `kind`, `name`, `owner`, `owner_title`, `field`, `reason`) and `lost`
  /// (fields that only the other record has).
  func merge(_ call: LocalCall) throws -> Outcome {
    let (keep, other) = (try call.text("keep"), try call.text("other"))
    let occasion = occasion(call)
    let (ids, result) = try write { transaction in
      let lookup = transaction.lookup
      let ids = (kept: try record(keep, lookup), other: try record(other, lookup))
      return (ids, try transaction.merge(ids.other, into: ids.kept, occasion))
    }
    let remaining = try read { snapshot in
      try result.remaining.map { entry in
        JSONValue.object(
          try RecordJSON.naming(entry.record, snapshot) + [
            .init("field", .string(entry.field.name)), .init("reason", .string(entry.reason)),
          ])
      }
    }
    try call.row([
      "id": .string(ids.kept.description), "merged": .string(ids.other.description),
      "redirected": .array(result.redirected.map { .string($0.description) }),
      "remaining": .array(remaining), "lost": .array(result.lost.map { .string($0.name) }),
    ])
    return .done
  }

  /// Row: `created`, `present` (how many categories). Creates those of the default vocabulary that are
  /// not there; what the Kreis changed or deleted stays so.
  func importVocabulary(_ call: LocalCall) throws -> Outcome {
    let kind = try kind(named: "taxonomy_term")
    let occasion = occasion(call)
    let created = try write { transaction in
      guard transaction.identity.role == .hub else {
        throw CommandError(
          .wrongUse, "The categories are kept by the hub, from where every town has them.",
          .hubOnly)
      }
      let lookup = transaction.lookup
      var created = 0
      for term in DefaultVocabulary.terms {
        guard try lookup.ownRecord(kind, externalID: term.key) == nil,
          try lookup.deletedRecord(externalID: term.key) == nil
        else { continue }
        var values = [
          "external_id": term.key, "name": term.name, "code": term.code,
          "taxonomy": DefaultVocabulary.taxonomy, "language": "de",
        ]
        if !term.synonyms.isEmpty { values["synonyms"] = term.synonyms.joined(separator: "\n") }
        if let parent = try term.parent.flatMap({ try lookup.ownRecord(kind, externalID: $0) }) {
          values["parent_id"] = parent.description
        }
        let edits = try values.sorted { $0.key < $1.key }.map {
          Edit(try field(named: $0.key, of: kind), .value($0.value))
        }
        try transaction.create(kind, edits, occasion)
        created += 1
      }
      return created
    }
    try call.row([
      "created": .integer(created),
      "present": .integer(DefaultVocabulary.terms.count - created),
    ])
    return .done
  }
}
