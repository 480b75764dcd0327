// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// Edits by which something becomes public that was not: made only if whoever acts says so, and where
/// the Kreis asks for it, only after a second person released them (I7): another account of the console,
/// or where nobody has one, somebody in another role.
struct Publishing {
  /// What is written at once.
  let edits: [Edit]
  /// What waits for its release.
  let waiting: [Edit]
  /// The account of the console that asks.
  private let account: String?

  /// - Parameter id: `nil` for a record that is about to be created.
  /// - Throws: `CommandError` if something would become public and nobody said that it may.
  init(_ edits: [Edit], on id: RecordID?, _ call: LocalCall, _ transaction: Transaction) throws {
    account = call.account
    let publications = try transaction.publications(edits, on: id)
    guard !publications.isEmpty else {
      (self.edits, waiting) = (edits, [])
      return
    }
    let names = publications.map { "\($0.field.name) (\($0.field.label))" }
      .joined(separator: ", ")
    guard try call.flag("publish") else {
      throw CommandError(
        .wrongUse,
        "Everybody could read this from now on, on the Internet too: \(names). Nothing was written. "
          + "If that is meant, repeat the command with --publish.", .publishes)
    }
    guard try transaction.policy().needsRelease else {
      (self.edits, waiting) = (edits, [])
      return
    }
    guard !call.request.role.isEmpty else {
      throw CommandError(
        .wrongUse,
        "The Kreis wants a second person to release what becomes public: \(names). Say in which role "
          + "you ask for it, with --role; another role releases it.", .needsRole)
    }
    waiting = publications
    // A new record keeps the value for those who have it by default, unless they are told another; of
    // an existing one, what stands there stays as it is.
    self.edits = edits.compactMap { edit in
      guard publications.contains(edit) else { return edit }
      let isElsewhere = edits.contains { $0.field == edit.field && !publications.contains($0) }
      guard id == nil, edit.field.scope != .public, !isElsewhere else { return nil }
      return Edit(edit.field, edit.content)
    }
  }

  /// Files what waits, each as a record that town and hub see; what waits already not again.
  ///
  /// - Returns: the member `waiting` for the command's row; none where nothing waits.
  func file(
    for id: RecordID, _ occasion: Occasion, _ transaction: Transaction
  ) throws -> [JSONValue.Member] {
    guard !waiting.isEmpty else { return [] }
    let kind = try Schema.directory.kind(named: "publication")
    let known = try transaction.records(kind, "subject_id", id)
    let ids = try waiting.map { edit -> JSONValue in
      let (operation, value): (FieldChange.Operation, String) =
        switch edit.content {
        case .value(let text): (.set, text)
        case .insert(let element): (.insert, element)
        case .elements(let elements): (.set, elements.joined(separator: "|"))
        case .remove(let element): (.remove, element)
        case .withdrawn: (.set, "")
        }
      let texts = [
        "subject_id": id.description, "field_name": edit.field.name,
        "operation": operation.rawValue, "proposed_value": value,
        "requested_by": occasion.role, "requested_account": account,
      ].compactMapValues(\.self)
      let same = try known.first { record in
        try ["field_name", "operation", "proposed_value"].allSatisfy { name in
          try transaction.value(kind.field(named: name), of: record) == texts[name]
        }
      }
      if let same { return .string(same.description) }
      let edits = try texts.sorted { $0.key < $1.key }.map {
        Edit(try kind.field(named: $0.key), .value($0.value))
      }
      return .string(try transaction.create(kind, edits, occasion).description)
    }
    return [.init("waiting", .array(ids))]
  }
}

extension DirectoryCommands {
  /// Arguments: offset, limit (by default all). Rows: `{"total":N}`, then what waits to be released, in
  /// the order in which it was asked for: flat records, `RecordJSON.flat`.
  func releases(_ call: LocalCall) throws -> Outcome {
    let part = try part(call) ?? ListPart(offset: 0, limit: .max)
    let kind = try kind(named: "publication")
    try stream { snapshot in
      try checkShown(snapshot)
      let (total, states) = try snapshot.list(kind, part)
      try call.row(["total": .integer(total)])
      let json = RecordJSON(snapshot)
      for state in states { try call.row(json.flat(state, kind)) }
    }
    return .done
  }

  /// Arguments: id (of a publication), refuse. Row: id, subject, field, released, `requested_account`
  /// (null: no account of this console asked for it).
  ///
  /// Whoever asked for it cannot release it: where both are accounts of the console, the same account,
  /// else the same role. The same account may withdraw it.
  func release(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let isRefused = try call.flag("refuse")
    let occasion = occasion(call)
    guard !occasion.role.isEmpty else {
      throw CommandError(.wrongUse, "Say in which role you release it, with --role.", .needsRole)
    }
    let row = try write { transaction -> JSONValue in
      let lookup = transaction.lookup
      let id = try record(text, lookup)
      let waiting = try publication(id, transaction)
      try check(waiting, for: call, isRefused: isRefused)
      if !isRefused {
        let kind = try knownKind(of: waiting.subject, lookup)
        let edit = try edit(waiting.change, of: kind, lookup)
        let reason = "Freigabe; beantragt von \(waiting.requestedBy)"
        _ = try transaction.change(
          waiting.subject, [edit],
          Occasion(
            at: occasion.at, role: occasion.role,
            reason: occasion.reason.isEmpty ? reason : "\(reason): \(occasion.reason)"))
      }
      // What was asked for stands elsewhere now, or nowhere.
      if transaction.identity.role == .hub {
        try transaction.erase(id, occasion)
      } else {
        try transaction.delete(id, occasion)
        try transaction.forgetOwn(id, occasion)
      }
      return [
        "id": .string(id.description), "subject": .string(waiting.subject.description),
        "field": .string(waiting.change.field), "released": .bool(!isRefused),
        "requested_account": waiting.account.map { .string($0) } ?? .null,
      ]
    }
    try call.row(row)
    return .done
  }

  /// A value that waits.
  private struct Publication {
    let subject: RecordID
    let change: FieldChange
    /// The role, as it was stated.
    let requestedBy: String
    /// `nil`: no account of this console asked for it.
    let account: String?
    /// Whether another member asked for it.
    let isElsewhere: Bool
  }

  /// - Throws: `CommandError` for whoever asked for it.
  private func check(
    _ waiting: Publication, for call: LocalCall, isRefused: Bool
  ) throws(CommandError) {
    if let account = call.account {
      // What another member asked for, no account of this console did.
      if waiting.isElsewhere { return }
      if let asked = waiting.account {
        guard asked != account || isRefused else {
          throw CommandError(
            .wrongUse, "\(asked) asked for this publication; another account must release it.",
            .sameAccount)
        }
        return
      }
    }
    guard waiting.requestedBy.lowercased() != call.request.role.lowercased() else {
      throw CommandError(
        .wrongUse,
        "\(waiting.requestedBy) asked for this publication; another role must release it.",
        .sameRole)
    }
  }

  private func publication(_ id: RecordID, _ transaction: Transaction) throws -> Publication {
    let kind = try Schema.directory.kind(named: "publication")
    guard try transaction.lookup.kind(of: id) == kind, let state = try transaction.state(of: id),
      !state.isDeleted
    else {
      throw CommandError(
        .wrongUse, "\(id) is no publication that waits; see kreisnetz list publication.", .decided)
    }
    let text = { (name: String) throws -> String in
      try state.text(of: kind.field(named: name)) ?? ""
    }
    guard let subject = RecordID(text: try text("subject_id")),
      let operation = FieldChange.Operation(rawValue: try text("operation"))
    else { throw CommandError(.wrongUse, "\(id) does not say what is to become public.") }
    let account = try text("requested_account")
    return Publication(
      subject: subject,
      change: FieldChange(
        field: try text("field_name"), scope: .public, operation: operation,
        value: try text("proposed_value")), requestedBy: try text("requested_by"),
      account: account.isEmpty ? nil : account,
      isElsewhere: id.creator != transaction.identity.member)
  }
}
