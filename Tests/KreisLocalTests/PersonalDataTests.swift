// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// The rights of persons, as commands.
@Suite struct PersonalDataTests {
  private func person(
    _ replicas: Replicas, _ name: String = "Petra Beispiel", _ store: Store? = nil
  ) -> String {
    replicas.add(
      store ?? replicas.town, "contact", "name=\(name)", "legal_basis=public_task",
      "source=Netzwerktreffen", "phone=0221 4710-321", "external_id=\(name)"
    ).id
  }

  private func erase(
    _ replicas: Replicas, _ store: Store, _ id: String, reason: String = "Antrag nach Art. 17",
    _ more: [JSONValue.Member] = []
  ) -> Answer {
    replicas.run(
      store,
      LocalRequest(
        "erase", .object([.init("id", .string(id))] + more), role: "Koordination",
        reason: reason))
  }

  private func history(_ replicas: Replicas, _ store: Store, _ id: String) -> String {
    replicas.run(store, LocalRequest("history", ["id": .string(id)])).rows
      .map { JSONWriter.text(of: $0) }.joined()
  }

  // MARK: - Erasing

  @Test
  func `Erasing shows what refers to and names the person, and does nothing without a choice`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let id = person(replicas)
    let phone = replicas.add(town, "phone", "number=0221 4710-322", "contact_id=\(id)").id
    let meeting = replicas.add(
      town, "network_meeting", "name=Herbsttreffen", "results=Frau  PETRA Beispiel berichtet"
    ).id
    let number = replicas.add(
      town, "organization", "name=Amt", "description=Rückfragen: +49 221 4710-321"
    ).id
    let other = replicas.add(town, "organization", "name=Verein", "description=Herr Beispiel").id
    _ = replicas.add(town, "organization", "name=Beispielhaft", "phone=0221 4710-999")
    let shown = erase(replicas, town, id)
    #expect(shown.outcome == .wrongUse)
    #expect(shown.failure?.text.contains("Nothing was erased") == true)
    let found = Dictionary(
      shown.rows.map { ($0["id"] ?? .null, $0["how"] ?? .null) }, uniquingKeysWith: { a, _ in a })
    #expect(
      found == [
        .string(phone): "refers", .string(meeting): "names", .string(number): "names",
        .string(other): "similar",
      ])
    #expect(history(replicas, town, id).contains("Petra"))

    let done = erase(replicas, town, id, [.init("all_shown", .bool(true))])
    #expect(done.outcome == .done, "\(done.failure?.text ?? "")")
    let erased = done.rows.filter { $0["erased"] == .bool(true) }
    #expect(erased.map { $0["id"] }.count == 4)
    #expect(erased.allSatisfy { $0["ordered"] == .bool(true) })
    for gone in [id, phone, meeting, number] {
      #expect(!history(replicas, town, gone).contains("4710-32"), "\(gone)")
      #expect(!history(replicas, town, gone).contains("Petra"), "\(gone)")
    }
    #expect(history(replicas, town, other).contains("Herr Beispiel"))
    #expect(erase(replicas, town, "99999999").outcome == .no)
  }

  @Test func `Only what was chosen goes, and what is not about the person cannot be chosen`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let id = person(replicas)
    let phone = replicas.add(town, "phone", "number=0221 4710-322", "contact_id=\(id)").id
    let note = replicas.add(town, "organization", "name=Amt", "description=Petra Beispiel").id
    let stranger = replicas.add(town, "organization", "name=Kita").id
    let wrong = erase(replicas, town, id, [.init("with", .array([.string(stranger)]))])
    #expect(wrong.outcome == .wrongUse)
    #expect(history(replicas, town, id).contains("Petra"))
    let done = erase(replicas, town, id, [.init("with", .array([.string(phone)]))])
    #expect(done.outcome == .done, "\(done.failure?.text ?? "")")
    #expect(!history(replicas, town, phone).contains("4710-322"))
    #expect(history(replicas, town, note).contains("Petra"))
  }

  @Test func `Reason and role stay, so they must be given and name nobody`() async throws {
    let replicas = try await Replicas()
    let id = person(replicas)
    #expect(erase(replicas, replicas.town, id, reason: "").outcome == .wrongUse)
    #expect(
      erase(replicas, replicas.town, id, reason: "Antrag von Petra Beispiel").outcome == .wrongUse)
    #expect(history(replicas, replicas.town, id).contains("Petra"))
  }

  @Test func `An order is confirmed by the statements of all who read it, or is overdue`()
    async throws
  {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let id = person(replicas)
    try await replicas.sync()
    #expect(erase(replicas, town, id, [.init("only", .bool(true))]).outcome == .done)
    let ask = { (store: Store) in
      replicas.run(store, LocalRequest("erasures", ["id": .string(id)])).rows.first
    }
    try await replicas.sync()
    #expect(ask(hub)?["state"] == "ordered")
    #expect(try await hub.doAllDuties(at: 1_800_000_500) == 1)
    try await replicas.sync()
    #expect(try hub.blockingFinishDestruction())
    #expect(try town.blockingFinishDestruction())
    #expect(ask(hub)?["state"] == "waiting")
    #expect(ask(hub)?["reason"] == "Antrag nach Art. 17")
    try await replicas.state(town)
    let row = try #require(ask(hub))
    #expect(row["state"] == "confirmed", "\(row)")
    guard case .array(let members) = row["members"] else {
      Issue.record("no members")
      return
    }
    #expect(members.map { $0["name"] } == ["halver", "hub"])
    // Another one, which the town never confirms.
    let second = person(replicas, "Paul Muster")
    try await replicas.sync()
    #expect(erase(replicas, hub, second, [.init("only", .bool(true))]).outcome == .done)
    replicas.sleep(days: 29)
    let late = { replicas.run(hub, LocalRequest("erasures", ["id": .string(second)])).rows.first }
    #expect(late()?["state"] == "waiting")
    replicas.sleep(days: 2)
    #expect(late()?["state"] == "overdue")
    let rule = LocalRequest("policy", ["erasure_days": "60"])
    #expect(replicas.run(hub, rule).outcome == .done)
    #expect(replicas.run(town, rule).outcome == .wrongUse)
    #expect(late()?["state"] == "waiting")
  }

  // MARK: - Publishing

  @Test func `Nothing becomes public without a word`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let refused = replicas.add(
      town, "contact", "name@public=Petra Beispiel", "legal_basis=public_task", "source=x",
      publish: false)
    #expect(refused.outcome == .wrongUse)
    #expect(refused.failure?.text.contains("name (Name)") == true)
    #expect(replicas.list(town, "contact").isEmpty)
    let id = person(replicas)
    #expect(
      replicas.edit(town, id, "phone@public=0221 4710-321", publish: false).outcome == .wrongUse)
    #expect(replicas.show(town, id)?.scope("phone") == "kreis")
    #expect(replicas.edit(town, id, "phone@public=0221 4710-300").outcome == .done)
    // What is public already needs no word, nor what is by default.
    #expect(
      replicas.edit(town, id, "phone@public=0221 4710-301", publish: false).outcome == .done)
    let office = replicas.add(
      town, "organization", "name@public=Amt", "email@kreis=amt@example.org", publish: false)
    #expect(office.outcome == .done)
    #expect(
      replicas.edit(town, office.id, "email@public=amt@example.org", publish: false).outcome
        == .wrongUse)
  }

  @Test func `Where the Kreis asks for it, another role releases what becomes public`()
    async throws
  {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    #expect(
      replicas.run(hub, LocalRequest("policy", ["publication_release": "ja"])).outcome == .done)
    try await replicas.sync()
    let id = person(replicas)
    #expect(replicas.edit(town, id, "phone@public=0221 4710-300").outcome == .wrongUse)
    let asked = replicas.edit(town, id, "phone@public=0221 4710-300", role: "Koordination")
    #expect(asked.outcome == .done, "\(asked.failure?.text ?? "")")
    guard case .array(let waiting) = asked.rows.first?["waiting"],
      case .string(let publication)? =
        waiting.first
    else {
      Issue.record("nothing waits: \(asked.rows)")
      return
    }
    #expect(replicas.show(town, id)?.scope("phone") == "kreis")
    #expect(replicas.show(town, publication)?.scope("proposed_value")?.isCoordination == true)
    let release = { (role: String) in
      replicas.run(
        town, LocalRequest("release", ["id": .string(publication)], role: role)
      ).outcome
    }
    #expect(release("") == .wrongUse)
    #expect(release("koordination") == .wrongUse)
    #expect(release("Datenschutz") == .done)
    #expect(release("Datenschutz") == .wrongUse)
    let published = try town.blockingRead { snapshot in
      try snapshot.state(of: #require(RecordID(text: id)))?.scopes[.public]?.registers.values
        .first?.first?.value
    }
    #expect(published == "0221 4710-300")
    // What was asked for does not stay a second time.
    #expect(!history(replicas, town, publication).contains("4710-300"))
    #expect(replicas.list(town, "publication").isEmpty)
  }

  // MARK: - Restriction

  @Test func `A restricted person is nowhere to be seen, and comes back unharmed`() async throws {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let id = person(replicas)
    let phone = replicas.add(town, "phone", "number=0221 4710-322", "contact_id=\(id)").id
    try await replicas.sync()
    let restrict = { (command: String, reason: String) in
      replicas.run(town, LocalRequest(command, ["id": .string(id)], reason: reason))
    }
    #expect(restrict("restrict", "").outcome == .wrongUse)
    let done = restrict("restrict", "Richtigkeit wird geprüft")
    #expect(done.outcome == .done, "\(done.failure?.text ?? "")")
    #expect(done.rows.first?["changed"] == .array([.string(id), .string(phone)]))
    try await replicas.sync()
    for store in [hub, town] {
      #expect(replicas.list(store, "contact").isEmpty)
      #expect(replicas.list(store, "phone").isEmpty)
      for (command, record) in [("show", id), ("history", id), ("show", phone)] {
        let answer = replicas.run(store, LocalRequest(command, ["id": .string(record)]))
        #expect(answer.outcome == .no, "\(command)")
        #expect(answer.rows.isEmpty)
      }
      let export = replicas.run(store, LocalRequest("export", ["format": "ndjson"])).rows
      #expect(!export.map { JSONWriter.text(of: $0) }.joined().contains("Petra"))
      // The tables that sqlite3 reads.
      let counts = try store.blockingRead { try $0.counts() }
      #expect(
        counts.filter { ["contact", "phone"].contains($0.kind.name) }.map(\.count) == [0, 0])
      #expect(try store.blockingRead { try $0.verify() }.isSound)
      // And still the person is told.
      let report = replicas.run(store, LocalRequest("subject-report", ["subject": .string(id)]))
      #expect(report.rows.first.map { JSONWriter.text(of: $0) }?.contains("Petra") == true)
    }
    #expect(replicas.edit(town, id, "room=7").outcome == .wrongUse)
    // A list that is imported again does not enter the person a second time.
    let row = #"{"kind":"contact","external_id":"Petra Beispiel","name":"Petra Beispiel"}"#
    #expect(replicas.import(town, row + "\n").counts.prefix(2) == [0, 0])
    #expect(restrict("unrestrict", "geprüft").outcome == .done)
    try await replicas.sync()
    #expect(replicas.show(hub, id)?.field("name") == "Petra Beispiel")
    #expect(replicas.list(hub, "phone").count == 1)
  }

  // MARK: - Reports

  @Test func `A person is told everything, by record or by name`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let id = person(replicas)
    #expect(replicas.edit(town, id, "phone=0221 4710-999").outcome == .done)
    _ = replicas.add(town, "network_meeting", "name=Treffen", "results=Mit Petra Beispiel")
    for subject in [id, "Petra Beispiel", "key:Petra Beispiel"] {
      let answer = replicas.run(town, LocalRequest("subject-report", ["subject": .string(subject)]))
      let row = try #require(answer.rows.first, "\(subject)")
      let text = JSONWriter.text(of: row)
      for value in [
        "0221 4710-321", "0221 4710-999", "Mit Petra Beispiel", "Netzwerktreffen",
        "öffentliche Aufgabe", "\"Halver\"", "\"Märkischer Kreis\"",
      ] { #expect(text.contains(value), "\(subject): \(value)") }
      #expect(row["retention_days"] == .integer(365))
    }
    let nobody = replicas.run(town, LocalRequest("subject-report", ["subject": "Karl Niemand"]))
    #expect(nobody.outcome == .no)
  }

  @Test func `The record of processing says what is set and held`() async throws {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    _ = person(replicas)
    _ = replicas.run(
      hub, LocalRequest("policy", ["retention_days": "90", "purpose": "Frühe Hilfen"]))
    try await replicas.sync()
    let row = try #require(
      replicas.run(town, LocalRequest("processing-record")).rows.first)
    #expect(row["purpose"] == "Frühe Hilfen")
    #expect(row["retention"]?["superseded_days"] == .integer(90))
    #expect(row["sources"]?["Netzwerktreffen"] == .integer(1))
    guard case .array(let categories) = row["categories"] else {
      Issue.record("no categories")
      return
    }
    let contacts = try #require(categories.first { $0["kind"] == "contact" })
    #expect(contacts["records"] == .integer(1))
    guard case .array(let fields) = contacts["fields"] else { return }
    #expect(fields.first { $0["field"] == "name" }?["scopes"]?["kreis"] == .integer(1))
    #expect(replicas.run(town, LocalRequest("retention")).rows.isEmpty)
  }
}

extension JSONValue {
  fileprivate var isCoordination: Bool {
    if case .string(let text) = self { text.hasPrefix("coordination:") } else { false }
  }
}
