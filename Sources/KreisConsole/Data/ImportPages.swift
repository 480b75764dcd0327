// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

/// Taking records from a file: first what would happen, then the doing, all or nothing.
extension Console {
  /// Bytes of a file with what surrounds it.
  static let uploadLimit = 16 << 20
  /// Records of a preview that are told in full.
  private static let shownChanges = 200

  /// By what rows are found again.
  private static let keys = [
    (key: "external_id", label: "Spalte „external_id“ oder „id“"),
    (key: "name,postal_code", label: "Name und Postleitzahl"),
    (key: "name,city", label: "Name und Ort"), (key: "name", label: "Name allein"),
  ]

  /// `/daten/einlesen`, `/daten/einlesen/ID`, `/daten/einlesen/ID/ausfuehren` and `…/verwerfen`
  func importing(_ request: ConsoleRequest) throws -> ConsoleResponse {
    try client.check("import")
    let rest = Array(request.path.dropFirst(2))
    guard let id = rest.first else {
      // A file does not come back after signing in; what was chosen beside it does.
      if request.isReturned { return try importPage(request) }
      guard request.method == .post else {
        try request.allow(.get)
        return try importPage(request)
      }
      return try upload(request)
    }
    guard let upload = uploads.find(id, of: request.person?.account) else {
      guard request.method == .get, rest.count == 1 else { throw Refusal.uploadGone }
      return .seeOther("/daten/einlesen?meldung=weg")
    }
    switch (rest.count, rest.last) {
    case (1, _):
      try request.allow(.get)
      return try preview(request, id, upload)
    case (2, "ausfuehren"):
      try request.allow(.post)
      return try carryOut(request, id, upload)
    case (2, "verwerfen"):
      try request.allow(.post)
      uploads.drop(id)
      return .seeOther("/daten/einlesen?meldung=verworfen")
    default: throw Refusal.notFound
    }
  }

  // MARK: - The file

  private func importPage(
    _ request: ConsoleRequest, wrong: String? = nil
  ) throws -> ConsoleResponse {
    let chosenKey = request.form["schluessel"] ?? "external_id"
    let messages = [
      "weg":
        "Diese Datei ist nicht mehr da: Sie wird höchstens eine Stunde aufgehoben, und nicht über einen Neustart. Bitte wählen Sie sie noch einmal.",
      "verworfen": "Verworfen. Es wurde nichts eingelesen.",
    ]
    let view: View = [
      "wrong": wrong as Any? ?? false, "limit": Self.uploadLimit >> 20,
      "kinds": Self.tableKinds(chosen: request.form["art"] ?? "organization"),
      "keys": Self.keys.map {
        ["key": $0.key, "label": $0.label, "chosen": $0.key == chosenKey] as View
      },
      "message": request.query["meldung"].flatMap { messages[$0] } as Any? ?? false,
    ]
    return try page(
      "import", title: wrong == nil ? "Einlesen" : "Fehler: Einlesen", view, request,
      status: wrong == nil ? .ok : .unprocessableContent)
  }

  private func upload(_ request: ConsoleRequest) throws -> ConsoleResponse {
    guard let file = request.files["datei"], !file.bytes.isEmpty else {
      return try importPage(request, wrong: "Bitte wählen Sie eine Datei, in der etwas steht.")
    }
    guard let format = Self.format(of: file.name) else {
      return try importPage(
        request,
        wrong:
          "„\(file.name)“ ist nichts, was hier eingelesen werden kann: Es gehen .csv, .ndjson und .json (HSDS). Eine Excel-Mappe speichern Sie vorher als „CSV UTF-8“."
      )
    }
    var wish: [JSONValue.Member] = [.init("format", .string(format))]
    if let mapping = request.files["zuordnung"], !mapping.bytes.isEmpty {
      guard format == "csv", let text = String(validating: mapping.bytes, as: UTF8.self) else {
        return try importPage(
          request,
          wrong: "Eine Zuordnung der Spalten ist Text (YAML) und gehört zu einer CSV-Datei.")
      }
      wish.append(.init("mapping", .string(text)))
    } else if format == "csv" {
      let key = request.form["schluessel"] ?? "external_id"
      guard Self.keys.contains(where: { $0.key == key }) else { throw Refusal.malformed }
      wish += [
        .init("kind", .string(request.form["art"] ?? "organization")), .init("key", .string(key)),
      ]
    }
    let input = try KeptInput(in: spool) { try $0(Array(file.bytes)) }
    let upload = Upload(
      owner: request.person?.account, name: file.name, wish: wish, state: .waiting(input))
    // What cannot be read at all is said beside the form.
    do { _ = try plan(upload, input, limit: 0) } catch let error as CommandError
      where error.outcome == .wrongUse
    {
      return try importPage(request, wrong: ImportReason(error.text).text)
    }
    return .seeOther("/daten/einlesen/\(uploads.keep(upload))")
  }

  private static func format(of name: String) -> String? {
    let name = name.lowercased()
    if name.hasSuffix(".csv") { return "csv" }
    if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") { return "ndjson" }
    return name.hasSuffix(".json") ? "hsds" : nil
  }

  // MARK: - What would happen

  /// - Returns: the first records that would be new or change, and the report.
  private func plan(
    _ upload: Upload, _ input: KeptInput, limit: Int
  ) throws -> (changes: [JSONValue], report: JSONValue) {
    var changes: [JSONValue] = []
    var report = JSONValue.null
    let arguments = JSONValue.object(upload.wish + [.init("dry_run", .bool(true))])
    do {
      try client.run("import", arguments, input: input.source()) { row in
        if row["change"] == nil {
          report = row
        } else if row["change"] != "unchanged", changes.count < limit {
          changes.append(row)
        }
      }
    } catch let error as CommandError where report != .null && error.outcome == .wrongUse {
      // Rows were refused, which the report tells.
    }
    return (changes, report)
  }

  private func preview(
    _ request: ConsoleRequest, _ id: String, _ upload: Upload
  ) throws -> ConsoleResponse {
    switch upload.state {
    case .done(let report):
      var view = reportView(report)
      view["file"] = upload.name
      return try page("imported", title: "Eingelesen", view, request)
    case .waiting(let input):
      let (changes, report) = try plan(upload, input, limit: Self.shownChanges)
      var view = reportView(report)
      let written = (report["created"]?.unsigned ?? 0) + (report["changed"]?.unsigned ?? 0)
      let refused = report["refused"]?.unsigned ?? 0
      view.merge([
        "file": upload.name, "id": id, "changes": changes.map(changeView),
        "hasMore": written > UInt64(changes.count), "hasChanges": !changes.isEmpty,
        "isPossible": written > 0, "isPartly": refused > 0,
        "count": Int(clamping: written).counted("Eintrag", "Einträge"),
      ]) { _, new in new }
      return try page("preview", title: "Vorschau: \(upload.name)", view, request)
    }
  }

  private func changeView(_ row: JSONValue) -> View {
    let kind = row["kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
    let fields = row["fields"]?.elements ?? []
    let naming = kind?.naming?.name ?? "name"
    let name = fields.first { $0["field"]?.text == naming }?["new"]?.text
    return [
      "isNew": row["change"] == "new", "line": row["line"]?.unsigned.map { String($0) } ?? "",
      "kind": kind?.label ?? "", "name": name ?? self.name(row),
      "fields": fields.map { change -> View in
        let field = change["field"]?.text.flatMap { try? kind?.field(named: $0) }
        let show = { (key: String) -> Any in
          guard let text = change[key]?.text, !text.isEmpty else { return false }
          return readable(stored: text, field)
        }
        return [
          "label": field?.label ?? "Angabe", "old": show("old"), "new": show("new"),
          "scope": change["scope"]?.text.flatMap { ScopeKind(rawValue: $0) }?.label ?? "",
          "waits": change["waits"] == .bool(true), "others": others(change, field),
        ]
      },
    ]
  }

  /// What a record is called: whoever looks at a list knows names, not what a program calls its rows.
  private func name(_ row: JSONValue) -> String {
    row["id"]?.text.flatMap { client.shown($0)?.name } ?? row["external_id"]?.text ?? row["id"]?
      .text ?? ""
  }

  /// What two places entered at once, besides what is shown; `false` where nothing is to be decided.
  private func others(_ change: JSONValue, _ field: Field?) -> Any {
    let others = change["alternatives"]?.elements ?? []
    guard !others.isEmpty else { return false }
    return others.map { other in
      other.text.map { readable(stored: $0, field) } ?? "keine Angabe"
    }.joined(separator: ", ")
  }

  private func decisionView(_ row: JSONValue) -> View {
    let kind = row["kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
    let field = row["field"]?.text.flatMap { try? kind?.field(named: $0) }
    return [
      "line": row["line"]?.unsigned.map { String($0) } ?? "", "kind": kind?.label ?? "",
      "name": name(row), "address": "/eintrag/\(row["id"]?.text ?? "")",
      "label": field?.label ?? "Angabe",
      "scope": row["scope"]?.text.flatMap { ScopeKind(rawValue: $0) }?.label ?? "",
    ]
  }

  private func reportView(_ report: JSONValue) -> View {
    let number = { (name: String) in Int(clamping: report[name]?.unsigned ?? 0) }
    let findings = { (name: String) -> [View] in
      (report[name]?.elements ?? []).map { finding in
        let reason = ImportReason(finding["reason"]?.text ?? "")
        return [
          "line": finding["line"]?.unsigned.map { String($0) } ?? "", "text": reason.text,
          "original": reason.original as Any? ?? false,
        ]
      }
    }
    let refused = number("refused")
    let warned = number("warned")
    let errors = findings("errors")
    let warnings = findings("warnings")
    let decided = number("decided")
    let decisions = (report["decisions"]?.elements ?? []).map(decisionView)
    return [
      "created": number("created"), "changed": number("changed"),
      "unchanged": number("unchanged"), "refused": refused, "errors": errors,
      "hasErrors": refused > 0,
      "moreErrors": refused > errors.count ? refused - errors.count as Any : false,
      "warnings": warnings, "hasWarnings": warned > 0,
      "moreWarnings": warned > warnings.count ? warned - warnings.count as Any : false,
      "isDeciding": decided > 0, "decided": decided, "decisions": decisions,
      "moreDecisions": decided > decisions.count ? decided - decisions.count as Any : false,
      "isImported": report["imported"] == .bool(true),
      "isUnpublished": number("unpublished") > 0, "isWaiting": number("waiting") > 0,
      "lost": (report["lost"]?.elements ?? []).map { loss -> View in
        ["count": Int(clamping: loss["count"]?.unsigned ?? 0), "what": loss["what"]?.text ?? ""]
      },
      "hasLost": !(report["lost"]?.elements ?? []).isEmpty,
    ]
  }

  // MARK: - Doing it

  private func carryOut(
    _ request: ConsoleRequest, _ id: String, _ upload: Upload
  ) throws -> ConsoleResponse {
    guard case .waiting(let input) = upload.state else { return .seeOther("/daten/einlesen/\(id)") }
    let keepsGoing = request.form["uebrige"] == "1"
    let arguments = JSONValue.object(upload.wish + [.init("keep_going", .bool(keepsGoing))])
    var report = JSONValue.null
    do {
      try client.run("import", arguments, input: input.source()) { row in
        if row["imported"] != nil { report = row }
      }
    } catch let error as CommandError where report != .null && error.outcome == .wrongUse {
      // Rows were refused, which the report tells.
    }
    // Nothing was taken: the file changed nothing, and its preview says why.
    guard report["imported"] == .bool(true) else { return .seeOther("/daten/einlesen/\(id)") }
    uploads.finish(id, report)
    return .seeOther("/daten/einlesen/\(id)")
  }
}
