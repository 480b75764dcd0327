// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// What an import may make public, and what not.
@Suite struct ImportPublishingTests {
  private let person = """
    {"kind":"contact","external_id":"p","name":"Petra Beispiel","legal_basis":"public_task","source":"Liste","phone":"0221 4710-300"}

    """
  private var published: String { person.replacing("\"phone\"", with: "\"phone@public\"") }

  private func publicValues(_ store: Store, _ key: String) throws -> [String] {
    try store.blockingRead { snapshot in
      guard let id = try snapshot.lookup.record(key) else { return [] }
      return try snapshot.state(of: id)?.scopes[.public]?.registers.values.joined()
        .filter(\.isLive).compactMap(\.value) ?? []
    }
  }

  @Test func `An import makes nothing public without a word, whether its rows are new or not`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let new = replicas.import(town, published)
    #expect(new.counts == [0, 0, 0, 1])
    #expect(new.errors.first?.contains("phone (Telefon (Durchwahl))") == true)
    #expect(new.errors.first?.contains("--publish") == true)
    #expect(replicas.list(town, "contact").isEmpty)
    #expect(replicas.import(town, person).counts == [1, 0, 0, 0])
    #expect(replicas.import(town, published).counts == [0, 0, 0, 1])
    // Others in the same file are taken.
    let mixed = published + person.replacing("\"p\"", with: "\"q\"")
    #expect(replicas.import(town, mixed, keepsGoing: true).counts == [1, 0, 0, 1])
    #expect(try publicValues(town, "key:p").isEmpty)

    let dry = replicas.import(town, published, publish: true, isDryRun: true)
    #expect(dry.counts == [0, 1, 0, 0])
    #expect(
      dry.rows.first?["fields"]
        == .array([["field": "phone", "scope": "public", "old": .null, "new": "0221 4710-300"]]))
    #expect(try publicValues(town, "key:p").isEmpty)
    #expect(replicas.import(town, published, publish: true).counts == [0, 1, 0, 0])
    #expect(try publicValues(town, "key:p") == ["0221 4710-300"])
    // What is public already needs no word.
    #expect(replicas.import(town, published).counts == [0, 0, 1, 0])
  }

  @Test func `What an import makes public waits for another role where the Kreis asks for it`()
    async throws
  {
    let replicas = try await Replicas()
    let (hub, town) = (replicas.hub, replicas.town)
    let rule = LocalRequest("policy", ["publication_release": "ja"])
    #expect(replicas.run(hub, rule).outcome == .done)
    try await replicas.sync()
    #expect(replicas.import(town, published, publish: true).counts == [0, 0, 0, 1])
    let dry = replicas.import(
      town, published, publish: true, isDryRun: true, role: "Koordination")
    #expect(dry.rows.last?["waiting"] == .integer(1))
    #expect(JSONWriter.text(of: dry.rows[0]).contains("\"waits\":true"))
    let lines = dry.rows.map { ImportText.lines($0) }.joined()
    #expect(lines.contains { $0.contains("waits for another") })
    let imported = { replicas.import(town, published, publish: true, role: "Koordination") }
    #expect(imported().counts == [1, 0, 0, 0])
    #expect(try publicValues(town, "key:p").isEmpty)
    #expect(replicas.show(town, "key:p")?.scope("phone") == "kreis")
    let waiting = replicas.list(town, "publication")
    #expect(waiting.count == 1)
    // A file that is imported every night asks once.
    #expect(imported().counts == [0, 0, 1, 0])
    #expect(replicas.list(town, "publication").count == 1)
    guard case .string(let id)? = waiting.first?["id"] else { return }
    let release = LocalRequest("release", ["id": .string(id)], role: "Datenschutz")
    #expect(replicas.run(town, release).outcome == .done)
    #expect(try publicValues(town, "key:p") == ["0221 4710-300"])
  }

  @Test func `A field that is new does not make a record known to more than know it`() async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let house = replicas.add(town, "organization", "name@kreis=Haus", "external_id@kreis=h").id
    let row = "{\"kind\":\"organization\",\"id\":\"\(house)\",\"street\":\"Am Markt 1\"}"
    #expect(replicas.import(town, row).counts == [0, 1, 0, 0])
    #expect(replicas.edit(town, house, "city=Halver", publish: false).outcome == .done)
    let confirm = LocalRequest("confirm", ["ids": .array([.string(house)])])
    #expect(replicas.run(town, confirm).outcome == .done)
    #expect(replicas.show(town, house)?.scope("street") == "kreis")
    #expect(replicas.show(town, house)?.scope("assured_date") == "kreis")
    #expect(try publicValues(town, house).isEmpty)
    #expect(replicas.edit(town, house, "city@public=Halver", publish: false).outcome == .wrongUse)
  }
}
