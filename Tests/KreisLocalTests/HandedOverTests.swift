// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// Records that another member keeps than the one that created them.
@Suite struct HandedOverTests {
  /// Has the town hand records over to the hub.
  private func handOver(_ replicas: Replicas, _ ids: String...) async throws {
    for id in ids {
      let request = LocalRequest("transfer", ["id": .string(id), "member": "hub"])
      #expect(replicas.run(replicas.town, request).outcome == .done)
    }
    try await replicas.sync()
    _ = try await replicas.hub.doAllHubDuties(at: 1_800_000_400)
    try await replicas.sync()
  }

  @Test func `What is due and to be reviewed is told to who keeps it now`() async throws {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let kept = replicas.add(town, "organization", "name=Bleibt").id
    let given = replicas.add(town, "organization", "name=Geht").id
    let service = replicas.add(town, "service", "name=Café", "organization_id=\(kept)").id
    try await handOver(replicas, given, service)
    let owns = { (store: Store) in
      Set(replicas.run(store, LocalRequest("due", ["own": .bool(true)])).rows.map { $0["name"] })
    }
    #expect(owns(town) == ["Bleibt"])
    #expect(owns(hub) == ["Geht", "Café"])
    let due = replicas.run(town, LocalRequest("due")).rows
    #expect(
      due.map { $0["owner_title"] } == ["Halver", "Märkischer Kreis", "Märkischer Kreis"])

    _ = replicas.run(town, LocalRequest("delete", ["id": .string(kept)]))
    try await replicas.sync()
    let reviewed = { (store: Store) in
      replicas.run(store, LocalRequest("review", ["own": .bool(true)])).rows.map { $0["id"] }
    }
    #expect(reviewed(hub) == [.string(service)])
    #expect(reviewed(town).isEmpty)
  }

  @Test func `A record whose day of review is over counts where it is kept now`() async throws {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    _ = replicas.add(town, "organization", "name=Bleibt", "assured_date=2020-01-15")
    let given = ["Geht", "Geht auch"].map {
      replicas.add(town, "organization", "name=\($0)", "assured_date=2020-01-15").id
    }
    try await handOver(replicas, given[0], given[1])
    let overdue = { (store: Store) in
      try replicas.executor(of: store).metrics()
        .first { $0.name == "kreisnetz_reviews_overdue" }?.value
    }
    #expect(try overdue(town) == 1)
    #expect(try overdue(hub) == 2)
  }

  @Test func `A merge names who keeps what it cannot redirect`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let keep = replicas.add(town, "organization", "name=Kita Löwenzahn").id
    let other = replicas.add(town, "organization", "name=Löwenzahn").id
    let service = replicas.add(town, "service", "name=Café", "organization_id=\(other)").id
    try await handOver(replicas, service)
    let merged = replicas.run(
      town, LocalRequest("merge", ["keep": .string(keep), "other": .string(other)]))
    guard case .array(let remaining)? = merged.rows.first?["remaining"] else {
      Issue.record("nothing remains")
      return
    }
    #expect(remaining.map { $0["reason"] } == ["Märkischer Kreis"])
    #expect(remaining.map { $0["owner"] } == ["hub"])
  }

  @Test func `An import of who keeps a record now changes it`() async throws {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let row = #"{"kind":"organization","external_id":"a","name":"Kita A"}"#
    #expect(replicas.import(town, row).counts == [1, 0, 0, 0])
    guard case .string(let id)? = replicas.show(town, "key:a")?["id"] else { return }
    try await handOver(replicas, id)
    let changed = row.replacing("Kita A", with: "Kita B")
    #expect(replicas.import(hub, changed).counts == [0, 1, 0, 0])
    // Who created it finds it still, and may not change it.
    #expect(replicas.import(town, row).counts == [0, 0, 1, 0])
    #expect(replicas.import(town, changed).errors.first?.contains("Märkischer Kreis") == true)
    #expect(replicas.list(hub, "organization").map { $0["name"] } == ["Kita B"])
  }

  @Test func `Who keeps a contact now erases it by rule, and nobody else`() async throws {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    #expect(
      replicas.run(hub, LocalRequest("policy", ["erase_expired": "ja"])).outcome == .done)
    try await replicas.sync()
    let person = replicas.add(
      town, "contact", "name=Ayla Beispiel", "legal_basis=public_task", "source=Liste",
      "valid_until=2026-12-31"
    ).id
    try await handOver(replicas, person)
    let findings = replicas.run(hub, LocalRequest("retention")).rows
    #expect(findings.map { $0["owner_title"] } == ["Märkischer Kreis"])
    #expect(try await town.doAllDuties(at: 1_800_000_500) == 0)
    #expect(try await hub.doAllDuties(at: 1_800_000_500) == 1)
    #expect(replicas.list(hub, "contact").isEmpty)
  }
}
