// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisPages
import KreisStore

/// Networks: who belongs to them, when they met, and where the minutes are.
extension Console {
  /// Networks of a page of the list.
  private static let networkLimit = 50
  /// Records of each kind on a network's page; of members there are more pages.
  private static let partLimit = 100

  func networks(_ request: ConsoleRequest) throws -> ConsoleResponse {
    try request.allow(.get)
    guard request.path.count == 2 else { return try networkList(request) }
    let id = request.path[1]
    guard RecordID(text: id) != nil else { throw Refusal.notFound }
    return try networkPage(request, id)
  }

  private func networkList(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let rows = try PagedRows(
      client, "choices", [.init("kind", "network")], by: Self.networkLimit,
      page: request.query["seite"], address: "/netzwerke")
    let items = try rows.shown.map { row -> View in
      let id = row["id"]?.text ?? ""
      let shown = FieldViews(try client.row("show", ["id": .string(id)]))
      let places = FieldViews.list(shown.row["fields"]?["municipalities"]?["display"])
      return [
        "address": "/netzwerke/\(id)", "name": row["name"]?.text ?? "Ohne Namen",
        "places": places.isEmpty ? false : places.joined(separator: ", ") as Any,
        "coordinator": shown.text("coordinator_id") as Any? ?? false,
        "status": shown.text("status") as Any? ?? false,
      ]
    }
    let view: View = [
      "items": items, "isEmpty": items.isEmpty, "mayAdd": client.may("add"),
    ]
    return try page(
      "networks", title: "Netzwerke", view.merging(rows.view) { own, _ in own }, request)
  }

  private func networkPage(_ request: ConsoleRequest, _ id: String) throws -> ConsoleResponse {
    let row = try client.row("show", ["id": .string(id)])
    let fields = FieldViews(row)
    guard fields.kind?.name == "network", row["deleted"] != .bool(true) else {
      throw Refusal.notFound
    }
    let own = try client.row("sync")
    let page = Self.pageNumber(request.query["seite"])
    let (related, counts, over) = try parts(of: id, page: page)
    let pages = max(
      1, (counts["network_membership", default: 0] + Self.partLimit - 1) / Self.partLimit)
    func rows(_ kind: String) -> [JSONValue] { related.filter { $0["kind"]?.text == kind } }
    let today = GermanTime(now: now()).today
    let members = rows("network_membership").map { Self.member($0, today) }
      .sorted { ($0.hasLeft ? 1 : 0, $0.key) < ($1.hasLeft ? 1 : 0, $1.key) }
    let meetings = rows("network_meeting").sorted { Self.day($0) > Self.day($1) }
    let name = fields.text("name") ?? "Netzwerk"
    let view: View = [
      "mayAdd": client.may("add"), "id": id, "name": name,
      "owner": row["owner_title"]?.text ?? "unbekannt",
      "message": request.query["meldung"].flatMap { Self.messages[$0] } as Any? ?? false,
      "fields": fields.views(without: ["name", "assured_date", "external_id", "note"]),
      "members": members.filter { !$0.hasLeft }.map(\.view),
      "memberCount": pages > 1
        ? counts["network_membership", default: 0] - over : members.count { !$0.hasLeft },
      "former": members.filter(\.hasLeft).map(\.view),
      "hasFormer": members.contains(where: \.hasLeft),
      "meetings": try meetings.prefix(Self.partLimit).map { try meeting($0, of: id, by: own) },
      "meetingCount": counts["network_meeting", default: 0],
      "groups": rows("working_group").map(Self.named), "hasGroups": !rows("working_group").isEmpty,
      "documents": rows("document").map(Self.document), "hasDocuments": !rows("document").isEmpty,
    ]
    let links = Self.pageLinks(page, of: pages) { "/netzwerke/\(id)?seite=\($0)" }
    return try self.page("network", title: name, view.merging(links) { own, _ in own }, request)
  }

  /// What names a network, the members of one page, how much of each kind there is, and how many members
  /// have left.
  private func parts(
    of id: String, page: Int
  ) throws -> (rows: [JSONValue], counts: [String: Int], over: Int) {
    var rows = try client.rows(
      "related", ["id": .string(id), "limit": .integer(Self.partLimit)])
    var counts: [String: Int] = [:]
    let over = Int(clamping: rows.first?["over"]?.unsigned ?? 0)
    if case .object(let members)? = rows.first?["counts"] {
      for member in members { counts[member.name] = Int(clamping: member.value.unsigned ?? 0) }
      rows.removeFirst()
    }
    if counts["network_meeting", default: 0] > Self.partLimit {
      // They come by name, but are wanted by date.
      rows.removeAll { $0["kind"] == "network_meeting" }
      rows += try client.rows(
        "related", ["id": .string(id), "kind": "network_meeting", "limit": .integer(1_000)]
      ).dropFirst()
    }
    guard page > 1 else { return (rows, counts, over) }
    rows.removeAll { $0["kind"] == "network_membership" }
    rows += try client.rows(
      "related",
      [
        "id": .string(id), "kind": "network_membership", "limit": .integer(Self.partLimit),
        "offset": .integer((page - 1) * Self.partLimit),
      ]
    ).dropFirst()
    return (rows, counts, over)
  }

  // MARK: - Members

  private static func member(
    _ row: JSONValue, _ today: CivilDate
  ) -> (key: String, hasLeft: Bool, view: View) {
    let fields = FieldViews(row)
    func link(_ name: String) -> Any {
      guard let text = fields.text(name), let id = row["fields"]?[name]?["value"]?.text else {
        return false
      }
      return ["text": text, "address": "/eintrag/\(id)"] as View
    }
    let until = row["fields"]?["valid_to"]?["value"]?.text
    let name = fields.text("organization_id") ?? fields.text("contact_id") ?? "Ohne Namen"
    return (
      GermanName.plain(name), until.map { PartialDate.isOver($0, on: today) } ?? false,
      [
        "name": name, "organization": link("organization_id"), "person": link("contact_id"),
        "role": fields.text("role") ?? "",
        "since": fields.text("valid_from").map(GermanTime.day) ?? "",
        "until": until.map(GermanTime.day) ?? "", "address": "/eintrag/\(row["id"]?.text ?? "")",
      ]
    )
  }

  // MARK: - Meetings

  /// Partial dates sort as texts; what has none comes last.
  private static func day(_ row: JSONValue) -> String {
    row["fields"]?["date"]?["value"]?.text ?? row["fields"]?["reported_on"]?["value"]?.text ?? ""
  }

  private func meeting(
    _ row: JSONValue, of network: String, by member: JSONValue
  ) throws -> View {
    let fields = FieldViews(row)
    let id = row["id"]?.text ?? ""
    let documents = try client.rows("related", ["id": .string(id), "kind": "document"])
    let count = fields.text("attendance").map { number in
      (fields.row["fields"]?["attendance_approximate"]?["value"] == .bool(true) ? "etwa " : "")
        + number + (fields.text("attendance_scope").map { " (\($0))" } ?? "")
    }
    return [
      "name": fields.text("name") ?? "Treffen", "address": "/eintrag/\(id)",
      "edit": client.may("edit") && (member["role"] == "hub" || row["owner"] == member["name"])
        ? "/eintrag/\(id)/bearbeiten?zurueck=/netzwerke/\(network)" as Any : false,
      "when": Self.day(row).isEmpty ? "ohne Datum" : GermanTime.day(Self.day(row)),
      "place": fields.text("place") as Any? ?? false,
      "status": fields.text("status") as Any? ?? false,
      "attendance": count as Any? ?? "–",
      "documents": documents.map(Self.document), "hasDocuments": !documents.isEmpty,
      "addDocument":
        "/neu/document?meeting_id=\(id)&networks=\(network)&zurueck=/netzwerke/\(network)",
    ]
  }

  /// A document leads to where it is, if that is known.
  private static func document(_ row: JSONValue) -> View {
    let fields = FieldViews(row)
    let url = row["fields"]?["url"]?["value"]?.text ?? ""
    let isLink = url.hasPrefix("https://") || url.hasPrefix("http://")
    let own = "/eintrag/\(row["id"]?.text ?? "")"
    return [
      "name": fields.text("name") ?? "Dokument", "address": isLink ? url : own,
      "isElsewhere": isLink, "own": own,
      "type": fields.text("document_type") as Any? ?? false,
      "when": fields.text("date").map(GermanTime.day) as Any? ?? false,
    ]
  }

  private static func named(_ row: JSONValue) -> View {
    ["name": row["name"]?.text ?? "Ohne Namen", "address": "/eintrag/\(row["id"]?.text ?? "")"]
  }
}
