// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: id. Row: id, changed (ids), others (ids of what belongs to the person and only its
  /// stewards may restrict; it is hidden by the reference all the same).
  func restrict(_ call: LocalCall) throws -> Outcome { try restrict(call, true) }

  /// Arguments and row as of `restrict`.
  func unrestrict(_ call: LocalCall) throws -> Outcome { try restrict(call, false) }

  private func restrict(_ call: LocalCall, _ isRestricted: Bool) throws -> Outcome {
    let text = try call.text("id")
    let occasion = occasion(call)
    guard !occasion.reason.isEmpty else {
      throw CommandError(
        .wrongUse, "Say why, with --reason: whoever meets the restriction must understand it.")
    }
    let row = try write { transaction -> JSONValue in
      let id = try record(text, transaction.lookup)
      let result = try transaction.restrict(id, isRestricted, occasion)
      return [
        "id": .string(id.description),
        "changed": .array(result.changed.map { .string($0.description) }),
        "others": .array(result.others.map { .string($0.description) }),
      ]
    }
    try call.row(row)
    return .done
  }

  /// - Throws: `CommandError` if a record may not be shown (Art. 18 GDPR), its own processing or that
  ///   of the person it belongs to being restricted.
  func checkUnrestricted(_ state: RecordState, _ snapshot: Snapshot) throws {
    guard let kind = state.kind.flatMap({ schema.kind(tag: $0) }) else { return }
    let hidden = try kind.personFields.isEmpty ? [] : snapshot.restrictedRecords()
    guard state.isRestricted(kind) || state.belongs(to: hidden, kind) else { return }
    throw CommandError(
      .no,
      "The processing of \(state.record) is restricted (Art. 18 GDPR): it is kept, and shown to "
        + "nobody. To lift that: kreisnetz unrestrict \(state.record) --reason …", .restricted)
  }
}

extension RecordState {
  /// Whether the record is nothing without one of these.
  func belongs(to people: Set<RecordID>, _ kind: RecordKind) -> Bool {
    guard !people.isEmpty else { return false }
    return kind.personFields.contains { field in
      text(of: field).flatMap { RecordID(text: $0) }.map { people.contains($0) } ?? false
    }
  }
}
