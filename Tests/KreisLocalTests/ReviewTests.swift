// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// Confirming, reviewing and merging.
@Suite(.timeLimit(.minutes(5))) struct ReviewTests {
  private func rows(_ replicas: Replicas, _ store: Store, _ command: String) -> [JSONValue] {
    replicas.run(store, LocalRequest(command)).rows
  }

  private func merge(
    _ replicas: Replicas, _ store: Store, _ keep: String, _ other: String
  ) -> Answer {
    replicas.run(
      store,
      LocalRequest(
        "merge", ["keep": .string(keep), "other": .string(other)], role: "Koordination",
        reason: "doppelt"))
  }

  @Test func `What was never or long ago confirmed is due, own records first`() async throws {
    let replicas = try await Replicas()
    let (town, hub) = (replicas.town, replicas.hub)
    _ = replicas.add(hub, "organization", "name=Kreis")
    try await replicas.sync()
    // The clock of these replicas stands at 15 January 2027.
    let old = replicas.add(town, "organization", "name=Alt", "assured_date=2026-01-15").id
    _ = replicas.add(town, "organization", "name=Neu", "assured_date=2026-01-16")
    let review = replicas.add(
      town, "contact", "name=Ayla Beispiel", "legal_basis=public_task", "source=Liste",
      "assured_date=2026-12-01", "review_date=2027-01-10"
    ).id
    _ = replicas.add(town, "address", "location_id=\(old)", "city=Halver")
    let due = rows(replicas, town, "due")
    #expect(due.map { $0["name"] } == ["Ayla Beispiel", "Alt", "Kreis"])
    #expect(due.map { $0["due"] } == ["2027-01-10", "2027-01-15", .null])
    #expect(due.map { $0["own"] } == [.bool(true), .bool(true), .bool(false)])
    let soon = replicas.run(town, LocalRequest("due", ["within": .integer(1), "own": .bool(true)]))
    #expect(soon.rows.map { $0["name"] } == ["Ayla Beispiel", "Alt", "Neu"])

    let confirmed = replicas.run(
      town,
      LocalRequest(
        "confirm", ["ids": .array([.string(old), .string(review)])], role: "Sekretariat"))
    #expect(confirmed.outcome == .done)
    #expect(replicas.show(town, old)?.field("assured_date") == "2027-01-15")
    #expect(replicas.show(town, review)?.field("review_date") == "2028-01-15")
    #expect(rows(replicas, town, "due").map { $0["name"] } == ["Kreis"])
    let history = replicas.run(town, LocalRequest("history", ["id": .string(old)])).rows
    #expect(history.map { $0["role"] } == ["", "Sekretariat"])
    let foreign = replicas.run(
      town, LocalRequest("confirm", ["ids": .array(due.suffix(1).compactMap { $0["id"] })]))
    #expect(foreign.outcome == .wrongUse)
  }

  @Test func `Probable duplicates and dangling references are listed, and nothing else`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let first = replicas.add(
      town, "organization", "name=Städt. Kita „Löwenzahn“", "city=Halver",
      "phone=0221 4710-316"
    ).id
    _ = replicas.add(
      town, "organization", "name=Kindertagesstätte Löwenzahn", "city=Halver",
      "phone=(02 21) 4710 316")
    let third = replicas.add(
      town, "organization", "name=Kita Löwenzan", "city=Halver", "phone=0221 4710-5"
    ).id
    _ = replicas.add(town, "organization", "name=Kita Löwenzahn", "city=Balve")
    _ = replicas.add(town, "organization", "name=Kita Regenbogen", "city=Halver")
    for name in ["Ayla Beispiel", "Beispiel, Ayla", "Dirk Muster"] {
      _ = replicas.add(
        town, "contact", "name=\(name)", "legal_basis=public_task", "source=Liste",
        "organization_id=\(first)", "phone=0221 4710-316")
    }
    for number in ["0221 4710-1", "(0221) 4710 1", "0221 4710-2"] {
      _ = replicas.add(town, "phone", "number=\(number)", "organization_id=\(first)")
    }
    let unknown = (first.hasPrefix("0") ? "1" : "0") + first.dropFirst()
    let service = replicas.add(
      town, "service", "name=Sprechstunde", "organization_id=\(unknown)"
    ).id
    let gone = replicas.add(town, "location", "name=Haus", "organization_id=\(third)").id
    let address = replicas.add(town, "address", "location_id=\(gone)", "city=Halver").id
    _ = replicas.run(town, LocalRequest("delete", ["id": .string(gone)]))

    let found = rows(replicas, town, "review")
    let pairs = found.filter { $0["finding"] == "duplicate" }.map { row -> Set<String> in
      guard case .array(let records) = row["records"] else { return [] }
      return Set(records.map { PlainName.of($0["name"]) })
    }
    #expect(
      Set(pairs) == [
        ["Städt. Kita „Löwenzahn“", "Kindertagesstätte Löwenzahn"],
        ["Kindertagesstätte Löwenzahn", "Kita Löwenzan"], ["Ayla Beispiel", "Beispiel, Ayla"],
        ["0221 4710-1", "(0221) 4710 1"],
      ])
    let dangling = found.filter { $0["finding"] == "dangling" }
    #expect(Set(dangling.map { $0["id"] }) == [.string(service), .string(address)])
    #expect(
      Set(dangling.map { $0["why"] }) == [
        "der Datensatz ist hier nicht bekannt", "der Datensatz ist gelöscht",
      ])
  }

  @Test func `A merge keeps both histories, redirects references and is followed elsewhere`()
    async throws
  {
    let replicas = try await Replicas()
    let (town, hub) = (replicas.town, replicas.hub)
    let keep = replicas.add(town, "organization", "name=Kita Löwenzahn").id
    let other = replicas.add(
      town, "organization", "external_id=doppelt", "name=Löwenzahn", "website=https://example.org"
    ).id
    let service = replicas.add(town, "service", "name=Café", "organization_id=\(other)").id
    let document = replicas.add(town, "document", "name=Vertrag", "parties=\(other)").id
    try await replicas.sync()
    let hubs = replicas.add(
      hub, "schedule", "organization_id=\(other)", "rrule=FREQ=WEEKLY;BYDAY=TU", "opens_at=9:00")
    try await replicas.sync()

    let merged = merge(replicas, town, keep, other)
    let row = try #require(merged.rows.first, "\(String(describing: merged.failure))")
    #expect(row["redirected"] == .array([.string(service), .string(document)].sorted()))
    #expect(row["lost"] == .array(["website"]))
    guard case .array(let remaining)? = row["remaining"] else { return }
    #expect(remaining.map { $0["id"] } == [.string(hubs.id)])
    #expect(remaining.first?["reason"] == "Märkischer Kreis")
    #expect(replicas.show(town, service)?.field("organization_id") == .string(keep))
    #expect(replicas.show(town, document)?.field("parties") == .array([.string(keep)]))
    try await replicas.sync()

    for store in [town, hub] {
      let display = replicas.show(store, hubs.id)?["fields"]?["organization_id"]?["display"]
      #expect(display == "Kita Löwenzahn")
      guard case .array(let hours)? = replicas.show(store, keep)?["hours"] else {
        Issue.record("no hours")
        continue
      }
      #expect(hours.count == 1)
      let dangling = rows(replicas, store, "review").filter { $0["finding"] == "dangling" }
      #expect(dangling.map { $0["merged_into"] } == [.string(keep)])
      let history = replicas.run(store, LocalRequest("history", ["id": .string(keep)])).rows
      #expect(Set(history.map { $0["record"] }) == [.string(keep), .string(other)])
      #expect(history.contains { $0["reason"] == "doppelt" && $0["role"] == "Koordination" })
    }
    // The hub's own entry of the old name goes to the kept record.
    let late = replicas.add(hub, "service", "name=Neu", "organization_id=\(other)").id
    #expect(replicas.show(hub, late)?.field("organization_id") == .string(keep))
    // A source that still has the row does not bring it back.
    let again = replicas.import(
      town,
      """
      {"kind":"organization","external_id":"doppelt","name":"Löwenzahn"}
      {"kind":"service","external_id":"s","name":"Rat","organization_id":"key:doppelt"}
      """)
    #expect(again.counts == [1, 0, 1, 0], "\(again.errors)")
    #expect(replicas.show(town, "key:s")?.field("organization_id") == .string(keep))
    let exported = replicas.run(
      town, LocalRequest("export", ["format": "hsds", "kinds": .array(["organization"])]))
    #expect(exported.outcome == .done)
  }

  @Test func `What still names a merged record is listed and exported with the one kept`()
    async throws
  {
    let replicas = try await Replicas()
    let (town, hub) = (replicas.town, replicas.hub)
    let keep = replicas.add(town, "organization", "name=Kita Löwenzahn").id
    let other = replicas.add(town, "organization", "name=Löwenzahn").id
    try await replicas.sync()
    let service = replicas.add(hub, "service", "name=Café", "organization_id=\(other)").id
    try await replicas.sync()
    #expect(merge(replicas, town, keep, other).outcome == .done)
    try await replicas.sync()
    for store in [town, hub] {
      let listed = replicas.list(store, "service", "organization_id=\(keep)")
      #expect(listed.map { $0["id"] } == [.string(service)])
      let export = replicas.run(store, LocalRequest("export", ["format": "hsds"])).rows
        .map { if case .string(let text)? = $0["text"] { text } else { "" } }.joined()
      #expect(export.contains(service) && export.contains(keep))
      #expect(!export.contains(other))
    }
  }

  @Test func `Erasing the record kept erases those merged into it, or says who must`() async throws
  {
    let replicas = try await Replicas()
    let (town, hub) = (replicas.town, replicas.hub)
    let person = { (store: Store, name: String) in
      replicas.add(store, "contact", "name=\(name)", "legal_basis=public_task", "source=Liste").id
    }
    let keep = person(town, "Ayla Beispiel")
    let other = person(town, "Beispiel, A.")
    let foreign = person(hub, "A. Beispiel-Muster")
    try await replicas.sync()
    #expect(merge(replicas, town, keep, other).outcome == .done)
    #expect(merge(replicas, hub, keep, foreign).outcome == .done)
    try await replicas.sync()
    let erased = replicas.run(
      town,
      LocalRequest(
        "erase", ["id": .string(keep), "only": .bool(true)], role: "Koordination",
        reason: "Antrag vom 3. November"))
    #expect(erased.outcome == .done, "\(erased.failure?.text ?? "")")
    let rows = erased.rows.filter { $0["erased"] != nil }
    #expect(
      Set(rows.filter { $0["erased"] == .bool(true) }.map { $0["id"] }) == [
        .string(keep), .string(other),
      ])
    let rest = rows.filter { $0["erased"] == .bool(false) }
    #expect(rest.map { $0["id"] } == [.string(foreign)])
    #expect(rest.map { $0["owner_title"] } == ["Märkischer Kreis"])
    try await replicas.sync()
    _ = try await hub.doAllDuties(at: 1_800_000_500)
    let orders = replicas.run(hub, LocalRequest("erasures")).rows
    #expect(Set(orders.map { $0["id"] }) == [.string(keep), .string(other)])
  }

  @Test func `What cannot be merged is refused`() async throws {
    let replicas = try await Replicas()
    let (town, hub) = (replicas.town, replicas.hub)
    let keep = replicas.add(town, "organization", "name=A").id
    let place = replicas.add(town, "location", "name=A").id
    let foreign = replicas.add(hub, "organization", "name=B").id
    try await replicas.sync()
    #expect(merge(replicas, town, keep, keep).outcome == .wrongUse)
    #expect(merge(replicas, town, keep, place).failure?.text.contains("not of kind") == true)
    #expect(merge(replicas, town, keep, foreign).failure?.text.contains("only Märkischer") == true)
    #expect(merge(replicas, town, foreign, keep).outcome == .done)
    #expect(merge(replicas, town, foreign, keep).failure?.text.contains("is deleted") == true)
  }

  @Test func `The hub has the default categories once, and changed or deleted ones stay so`()
    async throws
  {
    let replicas = try await Replicas()
    let hub = replicas.hub
    let first = replicas.run(hub, LocalRequest("vocabulary-import")).rows.first
    guard case .number(let count)? = first?["created"] else {
      Issue.record("nothing created")
      return
    }
    #expect(try #require(Int(count)) >= 50)
    #expect(
      replicas.edit(hub, "key:kategorie-klinik", "synonyms=Krankenhaus\nSpital").outcome == .done)
    _ = replicas.run(hub, LocalRequest("delete", ["id": "key:kategorie-sportverein"]))
    let own = replicas.add(hub, "taxonomy_term", "name=Musikschule", "parent_id=Bildung")
    #expect(own.outcome == .done)
    #expect(
      replicas.run(hub, LocalRequest("vocabulary-import")).rows.first?["created"] == .integer(0))
    try await replicas.sync()
    let town = replicas.town
    let id = replicas.add(town, "organization", "name=Haus", "categories=Spital|Musikschule").id
    guard case .array(let categories)? = replicas.show(town, id)?.field("categories") else {
      Issue.record("no categories")
      return
    }
    #expect(categories.count == 2)
    #expect(replicas.run(town, LocalRequest("vocabulary-import")).outcome == .wrongUse)
  }
}

private enum PlainName {
  static func of(_ json: JSONValue?) -> String {
    if case .string(let text) = json { text } else { "" }
  }
}

extension [JSONValue] {
  fileprivate func sorted() -> [JSONValue] {
    sorted { JSONWriter.text(of: $0) < JSONWriter.text(of: $1) }
  }
}
