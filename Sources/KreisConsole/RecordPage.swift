// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisPages
import KreisStore

/// The page of a record, and what one does there.
extension Console {
  /// Records of one kind that belong to a record and are shown on its page.
  private static let partLimit = 100
  /// Entries of the history on the record's page.
  private static let historyLimit = 6

  func record(
    _ request: ConsoleRequest, id: String, _ rest: [String]
  ) throws -> ConsoleResponse {
    guard RecordID(text: id) != nil else { throw Refusal.notFound }
    switch rest.first {
    case nil:
      try request.allow(.get)
      return try recordPage(request, id: id)
    case "verlauf" where rest.count == 1:
      try request.allow(.get)
      return try historyPage(request, id: id)
    case "bearbeiten" where rest.count == 1: return try edit(request, id: id)
    case "rueckmeldung" where rest.count == 1: return try propose(request, id: id)
    case "vernichten" where rest.count == 1: return try erase(request, id: id)
    case let act? where rest.count == 1 && Self.acts[act] != nil:
      try request.allow(.post)
      return try perform(act, request, id: id)
    default: throw Refusal.notFound
    }
  }

  // MARK: - Pages

  private func recordPage(_ request: ConsoleRequest, id: String) throws -> ConsoleResponse {
    let row = try client.row("show", ["id": .string(id)])
    let own = try client.row("sync")
    let time = GermanTime(now: now())
    let fields = FieldViews(row)
    let isDeleted = row["deleted"] == .bool(true)
    let mayEdit =
      client.may("edit") && (own["role"] == "hub" || row["owner"] == own["name"])
    let history = HistoryViews(time).views(try client.rows("history", ["id": .string(id)]))
    let conflicts = ConflictViews(time: time)
    let naming = fields.kind?.naming?.name ?? "name"
    let name = fields.text(naming) ?? fields.kind?.label ?? "Eintrag"
    let parts = try groups(of: id, by: own)
    let view: View = [
      "id": id, "name": name, "kind": fields.kind?.label ?? "Eintrag", "isDeleted": isDeleted,
      "owner": row["owner_title"]?.text ?? "unbekannt", "mayEdit": mayEdit,
      "assured": fields.text("assured_date").map(GermanTime.day) as Any? ?? false,
      "mayAdd": mayEdit ? Self.additions(fields.kind, id, on: id) : [],
      "isNetwork": fields.kind?.name == "network", "mayAsk": client.may("request"),
      "mayErase": mayEdit && client.may("erase"),
      "hasForm": fields.kind.map { EditForm.kinds.contains($0.name) } ?? false,
      "message": request.query["meldung"].flatMap { Self.messages[$0] } as Any? ?? false,
      "conflicts": (row["conflicts"]?.elements ?? []).map {
        conflicts.view($0, of: id, fields.kind, mayDecide: mayEdit)
      },
      "fields": fields.views(without: [naming, "assured_date"]),
      "hours": hours(row, mayEdit: mayEdit, on: id),
      "canOpen": Self.opening.contains(fields.kind?.name ?? ""),
      "groups": parts, "leavesParts": isDeleted && !parts.isEmpty,
      "history": Array(history.prefix(Self.historyLimit)),
      "hasMoreHistory": history.count > Self.historyLimit,
    ]
    return try page("record", title: name, view, request)
  }

  private func historyPage(_ request: ConsoleRequest, id: String) throws -> ConsoleResponse {
    let rows = try client.rows("history", ["id": .string(id)])
    guard !rows.isEmpty else { throw Refusal.notFound }
    let fields = FieldViews(try client.row("show", ["id": .string(id)]))
    let name = fields.name ?? fields.kind?.label ?? "Eintrag"
    let view: View = [
      "id": id, "name": name, "history": HistoryViews(GermanTime(now: now())).views(rows),
    ]
    return try page("history", title: "Verlauf: \(name)", view, request)
  }

  /// Kinds that have office hours.
  private static let opening: Set<String> = [
    "organization", "location", "service", "contact", "service_at_location", "schedule",
  ]

  private func hours(_ row: JSONValue, mayEdit: Bool, on page: String) -> [View] {
    (row["hours"]?.elements ?? []).map { hours in
      let id = hours["id"]?.text ?? ""
      return [
        "edit": mayEdit && id != page
          ? "/eintrag/\(id)/bearbeiten?zurueck=/eintrag/\(page)" as Any : false,
        "text": hours["text"]?.text ?? "", "note": hours["description"]?.text as Any? ?? false,
        "registration": hours["registration"]?.text as Any? ?? false,
        "next": hours["next"]?["text"]?.text as Any? ?? false,
        "isOpen": hours["next"]?["now"] == .bool(true),
      ]
    }
  }

  // MARK: - What belongs to it

  /// What can be added to a record of this kind.
  ///
  /// - Parameter page: the record whose page shows it.
  private static func additions(_ kind: RecordKind?, _ id: String, on page: String) -> [View] {
    let kinds: [String] =
      switch kind?.name {
      case "organization":
        ["service", "schedule", "contact", "phone", "location", "network_membership"]
      case "location": ["address", "schedule", "phone"]
      case "service": ["schedule", "phone", "service_at_location", "service_area"]
      case "contact": ["schedule", "phone", "role_assignment"]
      case "service_at_location": ["schedule", "phone"]
      case "network": ["network_membership", "network_meeting", "working_group", "document"]
      case "network_meeting": ["document"]
      default: []
      }
    return kinds.compactMap { name in
      guard let part = try? Schema.directory.kind(named: name), let owner = kind?.name,
        let field = [owner + "_id", "networks", "meeting_id"].first(where: { name in
          guard case .reference(let kinds)? = (try? part.field(named: name))?.type else {
            return false
          }
          return kinds == [owner]
        })
      else { return nil }
      let label = owner == "contact" && name == "schedule" ? "Sprechzeit" : part.label
      return [
        "address": "/neu/\(name)?\(field)=\(id)&zurueck=/eintrag/\(page)", "label": label,
      ]
    }
  }

  /// In the order in which people look for it.
  private static let kindOrder = [
    "service", "schedule", "contact", "phone", "location", "address", "service_at_location",
    "role_assignment", "network_membership", "working_group", "network_meeting", "document",
  ]
  /// Those whose own parts are shown with them.
  private static let nested: Set<String> = ["service", "location", "contact"]

  private func groups(of id: String, by own: JSONValue) throws -> [View] {
    let rows = try client.rows(
      "related", ["id": .string(id), "limit": .integer(Self.partLimit)])
    let counts = rows.first?["counts"]
    var byKind: [String: [JSONValue]] = [:]
    for row in rows.dropFirst() { byKind[row["kind"]?.text ?? "", default: []].append(row) }
    let known = Self.kindOrder.filter { byKind[$0] != nil }
    let others = byKind.keys.filter { !Self.kindOrder.contains($0) }.sorted()
    return try (known + others).compactMap { name -> View? in
      // Office hours stand in words above.
      guard name != "schedule", let kind = try? Schema.directory.kind(named: name),
        let rows = byKind[name]
      else { return nil }
      return [
        "label": kind.pluralLabel, "count": Int(clamping: counts?[name]?.unsigned ?? 0),
        "parts": try rows.map { try part($0, of: id, kind, by: own) },
        "hasMore": (counts?[name]?.unsigned ?? 0) > Self.partLimit,
      ]
    }
  }

  private func part(
    _ row: JSONValue, of id: String, _ kind: RecordKind, by member: JSONValue
  ) throws -> View {
    let fields = FieldViews(row)
    let own = row["id"]?.text ?? ""
    let hidden: Set = [kind.naming?.name ?? "name", row["field"]?.text ?? "", "external_id"]
    let name = row["name"]?.text ?? ""
    let mayEdit =
      client.may("edit") && (member["role"] == "hub" || row["owner"] == member["name"])
    var parts: [View] = []
    var hours: [View] = []
    if Self.nested.contains(kind.name) {
      hours = self.hours(
        try client.row("show", ["id": .string(own)]), mayEdit: mayEdit, on: id)
      parts = try client.rows("related", ["id": .string(own), "limit": .integer(20)])
        .dropFirst().filter { $0["kind"] != "schedule" && $0["id"]?.text != id }.prefix(20).map(
          line)
    }
    return [
      "address": "/eintrag/\(own)", "name": name.isEmpty ? kind.label : name,
      "fields": fields.views(without: hidden), "hours": hours, "lines": parts,
      "edit": mayEdit && EditForm.kinds.contains(kind.name)
        ? "/eintrag/\(own)/bearbeiten?zurueck=/eintrag/\(id)" as Any : false,
      "adds": mayEdit && Self.nested.contains(kind.name)
        ? Self.additions(kind, own, on: id).filter { ($0["label"] as? String) != "Einzugsgebiet" }
        : [],
      "hasConflicts": !(row["conflicts"]?.elements ?? []).isEmpty,
    ]
  }

  /// A part of a part, in one line.
  private func line(_ row: JSONValue) -> View {
    let fields = FieldViews(row)
    let back = row["field"]?.text ?? ""
    var texts: [String] = []
    if case .object(let members)? = row["fields"] {
      for member in members where member.name != back && member.name != "external_id" {
        texts += FieldViews.list(member.value["display"])
      }
    }
    return [
      "label": fields.kind?.label ?? "", "text": texts.joined(separator: ", "),
      "address": "/eintrag/\(row["id"]?.text ?? "")",
    ]
  }

  // MARK: - Acts

  /// By their address: the command, and what the page says afterwards.
  private static let acts: [String: (command: String, message: String)] = [
    "aufloesen": ("resolve", "entschieden"), "bestaetigen": ("confirm", "bestaetigt"),
    "loeschen": ("delete", "geloescht"), "wiederherstellen": ("undelete", "wiederhergestellt"),
  ]

  static let messages = [
    "entschieden": "Entschieden. Die gewählte Angabe gilt jetzt.",
    "bestaetigt": "Danke. Die Angaben sind als richtig bestätigt.",
    "geloescht": "Der Eintrag ist gelöscht. Er lässt sich wiederherstellen.",
    "wiederhergestellt": "Der Eintrag ist wiederhergestellt.",
    "gespeichert": "Gespeichert.",
    "fallhinweis": """
    Gespeichert. Ein Text klingt nach einem einzelnen Fall: In dieses Verzeichnis gehören keine Angaben \
    über betreute Familien.
    """,
    "freigabe": """
    Gespeichert. Was öffentlich werden soll, wartet noch auf die Freigabe durch eine zweite Person.
    """,
    "freigegeben": "Freigegeben. Die Angabe ist jetzt öffentlich.",
    "zurueckgezogen": "Zurückgezogen. Die Angabe bleibt, wie sie war.",
    "nichtfreigegeben": "Nicht freigegeben. Die Angabe bleibt, wie sie war.",
    "zusammengefuehrt": "Zusammengeführt. Der andere Eintrag ist gelöscht und verweist hierher.",
    "zusammengefuehrtrest": """
    Zusammengeführt. Einträge anderer Stellen verweisen noch auf den gelöschten; auch sie werden hier \
    gezeigt.
    """,
    "verschieden":
      "Gemerkt: Diese beiden sind verschieden und werden hier nicht mehr vorgeschlagen.",
    "gesendet": "Die Rückmeldung ist unterwegs. Die Antwort steht unter „Rückmeldungen“.",
    "beantwortet": "Erledigt.",
    "nichts": "Es war nichts ausgewählt.",
    "unveraendert": "Es gab nichts zu ändern.",
  ]

  private func perform(_ act: String, _ request: ConsoleRequest, id: String) throws
    -> ConsoleResponse
  {
    guard let known = Self.acts[act] else { throw Refusal.notFound }
    let arguments: JSONValue =
      switch act {
      case "aufloesen": try resolution(request.form, id: id)
      case "bestaetigen": ["ids": .array([.string(id)])]
      default: ["id": .string(id)]
      }
    _ = try client.rows(known.command, arguments)
    let back = request.form["zurueck"] == "konflikte" ? "/konflikte" : "/eintrag/\(id)"
    return .seeOther("\(back)?meldung=\(known.message)")
  }

  /// Which value stays: the one that was seen, whatever number it has now.
  private func resolution(_ form: FormValues, id: String) throws -> JSONValue {
    let row = try client.row("show", ["id": .string(id)])
    let element = form["element"].flatMap { $0.isEmpty ? nil : $0 }
    let conflict = (row["conflicts"]?.elements ?? []).first {
      $0["field"]?.text == form["feld"] && $0["element"]?.text == element
    }
    let chosen = (conflict?["alternatives"]?.elements ?? []).first {
      $0["hash"]?.text == form["angabe"]
    }
    guard let number = chosen?["number"], let field = form["feld"] else {
      throw Refusal(
        status: .conflict, title: "Das ist nicht mehr offen",
        text:
          "Inzwischen hat jemand entschieden oder etwas anderes eingetragen. Bitte sehen Sie nach.")
    }
    return [
      "id": .string(id), "field": .string(field),
      "element": element.map { .string($0) } ?? .null, "take": number,
    ]
  }
}
