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
    let (row, fields, kind) = try subject(id)
    let name = fields.name ?? kind.label
    var form = EditForm(kind, row)
    var frame = FormFrame(
      title: "\(name) bearbeiten", action: "/eintrag/\(id)/bearbeiten",
      back: Self.back(request, "/eintrag/\(id)"), isNew: false)
    frame.hidden = Self.hiddenBack(request)
    guard request.method == .post else {
      try request.allow(.get)
      return try page(form, frame, request)
    }
    form.take(request.form, isNew: false)
    return try answer(form, frame, request, row) { form, role in
      let saved = try client.row(
        "edit",
        [
          "id": .string(id), "changes": .array(form.changes), "seen": form.seen,
          "publish": .bool(Self.isPublishing(request)),
        ], role: role)
      return saved["changed_since"] == nil ? (saved, frame.back) : nil
    }
  }

  /// A record that has a form.
  private func subject(_ id: String) throws -> (JSONValue, FieldViews, RecordKind) {
    let row = try client.row("show", ["id": .string(id), "versions": .bool(true)])
    let fields = FieldViews(row)
    guard let kind = fields.kind, EditForm.kinds.contains(kind.name) else { throw Refusal.notFound }
    guard row["deleted"] != .bool(true) else { throw Refusal(.deleted) ?? .notFound }
    return (row, fields, kind)
  }

  // MARK: - A new one

  func add(_ request: ConsoleRequest, kind name: String) throws -> ConsoleResponse {
    try client.check("add")
    guard EditForm.kinds.contains(name) else { throw Refusal.notFound }
    let kind = try Schema.directory.kind(named: name)
    // What the new record belongs to stands in the address.
    let named = kind.references.compactMap { field -> (field: Field, id: String)? in
      let text = request.form["b.\(field.name)"] ?? request.query[field.name]
      return text.flatMap { RecordID(text: $0) }.map { (field, $0.description) }
    }
    let owners = named.filter { !EditForm.isEditable($0.field, of: kind) }
    let presets = named.filter { EditForm.isEditable($0.field, of: kind) }
    var form = EditForm(
      kind, .null,
      presets: Dictionary(
        presets.map { ($0.field.name, $0.id) }, uniquingKeysWith: { first, _ in first }))
    var frame = FormFrame(
      title: "\(kind.label) eintragen", action: "/neu/\(name)",
      back: Self.back(request, named.first.map { "/eintrag/\($0.id)" } ?? "/"), isNew: true)
    frame.hidden =
      owners.map { ["name": "b.\($0.field.name)", "value": $0.id] }
      + (frame.back == "/" ? [] : [["name": "b.zurueck", "value": frame.back]])
    guard request.method == .post else {
      try request.allow(.get)
      return try page(form, frame, request)
    }
    form.take(request.form, isNew: true)
    return try answer(form, frame, request, .null) { form, role in
      let belonging = owners.map {
        FieldChange(field: $0.field.name, scope: nil, operation: .set, value: $0.id).json
      }
      let saved = try client.row(
        "add",
        [
          "kind": .string(name), "changes": .array(belonging + form.changes),
          "publish": .bool(Self.isPublishing(request)),
        ], role: role)
      return (saved, frame.back == "/" ? "/eintrag/\(saved["id"]?.text ?? "")" : frame.back)
    }
  }

  /// Where one came from: only pages of records and networks.
  private static func back(_ request: ConsoleRequest, _ usual: String) -> String {
    guard let text = request.form["b.zurueck"] ?? request.query["zurueck"] else { return usual }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0].isEmpty, ["eintrag", "netzwerke"].contains(parts[1]),
      let id = RecordID(text: parts[2])
    else { return usual }
    return "/\(parts[1])/\(id)"
  }

  private static func hiddenBack(_ request: ConsoleRequest) -> [View] {
    let back = back(request, "")
    return back.isEmpty ? [] : [["name": "b.zurueck", "value": back]]
  }

  static func isPublishing(_ request: ConsoleRequest) -> Bool {
    request.form["veroeffentlichen"] == "1"
  }

  // MARK: - What others keep

  /// A Rückmeldung: the same form, sent to whoever keeps the record.
  func propose(_ request: ConsoleRequest, id: String) throws -> ConsoleResponse {
    try client.check("request")
    let (row, fields, kind) = try subject(id)
    let name = fields.name ?? kind.label
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
    let isAsking = request.form["pruefen"] == "1" || isSearching(form, request)
    if form.changes.isEmpty, !isAsking, !request.isReturned, form.isValid,
      remark.contains(where: { !$0.isWhitespace })
    {
      _ = try client.row("request", ["id": .string(id), "remark": .string(remark)])
      return .seeOther("/eintrag/\(id)?meldung=gesendet")
    }
    return try answer(form, frame, request, row, message: "gesendet") { form, _ in
      let saved = try client.row(
        "request",
        ["id": .string(id), "changes": .array(form.changes), "remark": .string(remark)])
      return (saved, frame.back)
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

  private func isSearching(_ form: EditForm, _ request: ConsoleRequest) -> Bool {
    ReferenceSearch(request.form, client).isWanted(form)
  }

  /// - Parameter save: writes, in the role that was stated, and tells where to go on; `nil`: somebody else
  ///   was faster.
  private func answer(
    _ form: EditForm, _ frame: FormFrame, _ request: ConsoleRequest, _ row: JSONValue,
    message: String = "gespeichert",
    save: (EditForm, String) throws -> (row: JSONValue, next: String)?
  ) throws -> ConsoleResponse {
    var form = form
    form.noteOthers(row, GermanTime(now: now()))
    if request.form["pruefen"] == "1" { return check(form, row) }
    if isSearching(form, request) { return try page(form, frame, request, isChecked: false) }
    // What came back after signing in is shown before it is written.
    guard form.isValid, !request.isReturned else {
      return try page(form, frame, request, status: .unprocessableContent)
    }
    guard !form.changes.isEmpty else {
      if frame.isNew { return try page(form, frame, request, status: .unprocessableContent) }
      return .seeOther("\(frame.back)?meldung=unveraendert")
    }
    do {
      let role = String((request.form["rolle"] ?? "").prefix(200))
      guard let saved = try save(form, role) else {
        // Somebody wrote between the look and the writing: look again.
        return try edit(request, id: row["id"]?.text ?? "")
      }
      return .seeOther("\(saved.next)?meldung=\(Self.message(saved.row) ?? message)")
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      // Nothing that was typed is lost.
      let error = CommandError(error)
      let refusal = refusal(error)
      return try page(
        form, frame, request, status: refusal.status, refusal: refusal, because: error.rejection)
    }
  }

  /// What is to be said besides that it was saved.
  static func message(_ saved: JSONValue) -> String? {
    if !(saved["waiting"]?.elements ?? []).isEmpty { return "freigabe" }
    return (saved["warnings"]?.elements ?? []).isEmpty ? nil : "fallhinweis"
  }

  /// What is wrong with the form as it stands, and what others wrote meanwhile, for the page's script;
  /// nothing is written.
  private func check(_ form: EditForm, _ row: JSONValue) -> ConsoleResponse {
    let time = GermanTime(now: now())
    let errors = form.items.compactMap { item in
      item.error.map { JSONValue.Member(item.field.name, .string($0)) }
    }
    let hours = form.isValid ? form.hoursText(on: time.today) : nil
    return .json([
      "errors": .object(errors), "hours": .string(hours ?? ""), "others": form.news(row, time),
    ])
  }

  private func page(
    _ form: EditForm, _ frame: FormFrame, _ request: ConsoleRequest,
    status: HTTPResponse.Status = .ok, isChecked: Bool = true, refusal: Refusal? = nil,
    because rejection: Rejection? = nil
  ) throws -> ConsoleResponse {
    var form = form
    if !isChecked { form.forgetErrors() }
    var known: [String: [(id: String, name: String)]] = [:]
    let views = FormViews(
      choices: { kind in
        if let list = known[kind] { return list }
        let list = try client.rows("choices", ["kind": .string(kind)]).map {
          (id: $0["id"]?.text ?? "", name: $0["name"]?.text ?? "")
        }
        known[kind] = list
        return list
      }, references: ReferenceSearch(request.form, client), hasScopes: frame.remark == nil)
    let fields = try views.views(form)
    let errors = form.items.filter { $0.error != nil }.map { item -> View in
      [
        "id": "feld-\(item.field.name)", "label": FormViews.label(item.field),
        "text": item.error ?? "",
      ]
    }
    let hours = form.isValid ? form.hoursText(on: GermanTime(now: now()).today) : nil
    let published = form.published.map(FormViews.label).joined(separator: ", ")
    let view: View = [
      "isRequest": frame.remark != nil, "remark": frame.remark ?? "", "heading": frame.title,
      "action": frame.action, "back": frame.back,
      "hiddenFields": frame.hidden, "fields": fields.common, "others": fields.others,
      "hasOthers": !fields.others.isEmpty, "hasErrors": !errors.isEmpty, "errors": errors,
      "together": views.together(form) as Any? ?? false, "hasHours": form.rhythm != nil,
      "hours": hours ?? "",
      "publishes": rejection == .publishes || Self.isPublishing(request) ? published as Any : false,
      "isPublishing": Self.isPublishing(request),
      "needsRole": (rejection == .needsRole || request.form["rolle"] != nil)
        && request.person?.account == nil,
      "role": request.form["rolle"] ?? "",
      "refusal": (refusal.map { ["title": $0.title, "text": $0.text] as View }) as Any? ?? false,
    ]
    let title = errors.isEmpty && refusal == nil ? frame.title : "Fehler: \(frame.title)"
    return try page("form", title: title, view, request, status: status)
  }
}
