// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

/// The forms with which records are entered and changed.
extension Console {
  // MARK: - A record that is there

  func edit(_ request: ConsoleRequest, id: String) throws -> ConsoleResponse {
    try client.check("edit")
    let row = try client.row("show", ["id": .string(id), "versions": .bool(true)])
    let fields = FieldViews(row)
    guard let kind = fields.kind, EditForm.kinds.contains(kind.name), row["deleted"] != .bool(true)
    else { throw Refusal.notFound }
    let name = fields.text(kind.naming?.name ?? "name") ?? kind.label
    var form = EditForm(kind, row)
    let frame = FormFrame(
      title: "\(name) bearbeiten", action: "/eintrag/\(id)/bearbeiten", back: "/eintrag/\(id)",
      isNew: false)
    guard request.method == .post else {
      try request.allow(.get)
      return try page(form, frame, request)
    }
    form.take(request.form, isNew: false)
    return try answer(form, frame, request, row) { form in
      let saved = try client.row(
        "edit",
        [
          "id": .string(id), "changes": .array(form.changes), "seen": form.seen,
        ])
      return saved["changed_since"] == nil ? (saved, id) : nil
    }
  }

  // MARK: - A new one

  func add(_ request: ConsoleRequest, kind name: String) throws -> ConsoleResponse {
    try client.check("add")
    guard EditForm.kinds.contains(name) else { throw Refusal.notFound }
    let kind = try Schema.directory.kind(named: name)
    var form = EditForm(kind, .null)
    // What the new record belongs to stands in the address.
    let owners = kind.references.filter { !EditForm.isEditable($0) && !$0.isSet }.compactMap {
      field -> (field: Field, id: String)? in
      let text = request.form["b.\(field.name)"] ?? request.query[field.name]
      return text.flatMap { RecordID(text: $0) }.map { (field, $0.description) }
    }
    let back = owners.first.map { "/eintrag/\($0.id)" } ?? "/"
    let frame = FormFrame(
      title: "\(kind.label) eintragen", action: "/neu/\(name)", back: back, isNew: true,
      hidden: owners.map { ["name": "b.\($0.field.name)", "value": $0.id] })
    guard request.method == .post else {
      try request.allow(.get)
      return try page(form, frame, request)
    }
    form.take(request.form, isNew: true)
    return try answer(form, frame, request, .null) { form in
      let belonging = owners.map {
        FieldChange(field: $0.field.name, scope: nil, operation: .set, value: $0.id).json
      }
      let saved = try client.row(
        "add", ["kind": .string(name), "changes": .array(belonging + form.changes)])
      return (saved, owners.first?.id ?? saved["id"]?.text ?? "")
    }
  }

  // MARK: - What others keep

  /// A Rückmeldung: the same form, sent to whoever keeps the record.
  func propose(_ request: ConsoleRequest, id: String) throws -> ConsoleResponse {
    try client.check("request")
    let row = try client.row("show", ["id": .string(id), "versions": .bool(true)])
    let fields = FieldViews(row)
    guard let kind = fields.kind, EditForm.kinds.contains(kind.name), row["deleted"] != .bool(true)
    else { throw Refusal.notFound }
    let name = fields.text(kind.naming?.name ?? "name") ?? kind.label
    let remark = request.form["bemerkung"]?.filter { $0 != "\r" } ?? ""
    var form = EditForm(kind, row)
    form.shareOnly()
    let frame = FormFrame(
      title: "Rückmeldung zu \(name)", action: "/eintrag/\(id)/rueckmeldung",
      back: "/eintrag/\(id)", isNew: false, remark: remark)
    guard request.method == .post else {
      try request.allow(.get)
      return try page(form, frame, request)
    }
    form.take(request.form, isNew: false)
    if form.changes.isEmpty, !request.isReturned, remark.contains(where: { !$0.isWhitespace }) {
      _ = try client.row("request", ["id": .string(id), "remark": .string(remark)])
      return .seeOther("/eintrag/\(id)?meldung=gesendet")
    }
    return try answer(form, frame, request, row, message: "gesendet") { form in
      let saved = try client.row(
        "request",
        ["id": .string(id), "changes": .array(form.changes), "remark": .string(remark)])
      return (saved, id)
    }
  }

  // MARK: - Answers

  /// What surrounds the fields.
  private struct FormFrame {
    let title: String
    let action: String
    let back: String
    let isNew: Bool
    var hidden: [View] = []
    /// Of a Rückmeldung: what is said besides.
    var remark: String?
  }

  /// - Parameter save: writes; `nil`: somebody else was faster.
  private func answer(
    _ form: EditForm, _ frame: FormFrame, _ request: ConsoleRequest, _ row: JSONValue,
    message: String = "gespeichert", save: (EditForm) throws -> (row: JSONValue, id: String)?
  ) throws -> ConsoleResponse {
    var form = form
    form.noteOthers(row, GermanTime(now: now()))
    // What came back after signing in is shown before it is written.
    guard form.isValid, !request.isReturned else {
      return try page(form, frame, request, status: .unprocessableContent)
    }
    guard !form.changes.isEmpty else {
      if frame.isNew { return try page(form, frame, request, status: .unprocessableContent) }
      return .seeOther("\(frame.back)?meldung=unveraendert")
    }
    do {
      guard let saved = try save(form) else {
        // Somebody wrote between the look and the writing: look again.
        return try edit(request, id: row["id"]?.text ?? "")
      }
      let hasWarnings = !(saved.row["warnings"]?.elements ?? []).isEmpty
      return .seeOther("/eintrag/\(saved.id)?meldung=\(hasWarnings ? "fallhinweis" : message)")
    } catch {
      // Nothing that was typed is lost.
      let refusal = Self.refusal(CommandError(error))
      return try page(form, frame, request, status: refusal.status, refusal: refusal)
    }
  }

  private func page(
    _ form: EditForm, _ frame: FormFrame, _ request: ConsoleRequest,
    status: HTTPResponse.Status = .ok, refusal: Refusal? = nil
  ) throws -> ConsoleResponse {
    var known: [String: [(id: String, name: String)]] = [:]
    let fields = try FormViews { kind in
      if let list = known[kind] { return list }
      let list = try client.rows("choices", ["kind": .string(kind)]).map {
        (id: $0["id"]?.text ?? "", name: $0["name"]?.text ?? "")
      }
      known[kind] = list
      return list
    }.views(form)
    let errors = form.items.filter { $0.error != nil }.map { item -> View in
      ["id": "feld-\(item.field.name)", "label": item.field.label, "text": item.error ?? ""]
    }
    let view: View = [
      "isRequest": frame.remark != nil, "remark": frame.remark ?? "", "heading": frame.title,
      "action": frame.action, "back": frame.back,
      "hiddenFields": frame.hidden, "fields": fields.common, "others": fields.others,
      "hasOthers": !fields.others.isEmpty, "hasErrors": !errors.isEmpty, "errors": errors,
      "refusal": (refusal.map { ["title": $0.title, "detail": $0.detail ?? $0.text] as View })
        as Any? ?? false,
    ]
    let title = errors.isEmpty && refusal == nil ? frame.title : "Fehler: \(frame.title)"
    return try page("form", title: title, view, request, status: status)
  }
}
