// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

@Suite struct DirectoryCommandTests {
  @Test func `A record is created, changed, listed, deleted and restored`() async throws {
    let replicas = try await Replicas()
    let added = replicas.add(
      replicas.town, "organization", "name=Kita Löwenzahn", "city=Halver", "external_id=kita")
    #expect(added.outcome == .done)
    let edited = replicas.edit(replicas.town, added.id, "phone=0221 4710-316", "city=")
    #expect(edited.rows.first?["written"] == .integer(2))
    let json = try #require(replicas.show(replicas.town, added.id))
    #expect(json["kind"] == "organization")
    #expect(json["owner"] == "halver")
    #expect(json.field("phone") == "0221 4710-316")
    #expect(json.field("city") == nil)
    #expect(replicas.list(replicas.town, "organization", "name=Kita Löwenzahn").count == 1)
    #expect(replicas.list(replicas.town, "organization", "name=Kita").isEmpty)

    let id: JSONValue = ["id": .string(added.id)]
    #expect(replicas.run(replicas.town, LocalRequest("delete", id)).outcome == .done)
    #expect(replicas.list(replicas.town, "organization").isEmpty)
    #expect(replicas.show(replicas.town, added.id)?["deleted"] == .bool(true))
    #expect(replicas.edit(replicas.town, added.id, "city=Halver").outcome == .wrongUse)
    #expect(replicas.show(replicas.town, "key:kita")?["id"] == .string(added.id))
    let restored = replicas.run(replicas.town, LocalRequest("undelete", ["id": "key:kita"]))
    #expect(restored.outcome == .done)
    #expect(replicas.list(replicas.town, "organization").count == 1)
  }

  @Test func `What only a later version has names for is shown as it stands`() async throws {
    let replicas = try await Replicas()
    let added = replicas.add(replicas.town, "organization", "name=Kita Löwenzahn")
    let known = try #require(RecordID(text: added.id))
    let strange = RecordID(creator: replicas.town.identity.member, random: (1, 2))
    let kind = try Schema.directory.kind(named: "organization").tag
    for (id, kind, value) in [(known, kind, "später"), (strange, 4_711, "ganz neu")] {
      try replicas.town.blockingWrite {
        _ = try $0.append(
          EntryBody(
            recordedAt: 1_800_000_200, kind: .write, recordKind: kind, record: id,
            writes: [Write(register: Register(tag: 901), content: .value)]),
          values: Values(values: [value]), to: .public)
      }
    }
    try await replicas.sync()
    // Here and, sent unharmed, at the hub.
    for store in [replicas.town, replicas.hub] {
      let shown = try #require(replicas.show(store, added.id))
      #expect(shown.field("name") == "Kita Löwenzahn")
      guard case .array(let fields)? = shown["unknown"] else {
        Issue.record("\(shown)")
        return
      }
      #expect(fields.first?["tag"] == .integer(901) && fields.first?["value"] == "später")
      #expect(fields.first?["by"] == "halver" && fields.count == 1)
      let other = try #require(replicas.show(store, strange.description))
      #expect(other["kind"] == .null && other["kind_tag"] == .integer(4_711))
      let log = replicas.run(store, LocalRequest("log-export")).rows
      #expect(log.contains { $0["values"] == .array(["ganz neu"]) })
    }
  }

  @Test func `Saying again what is so already writes nothing`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Kita", "sectors=health").id
    let answer = replicas.edit(replicas.town, id, "name=Kita", "sectors+=health", "city=")
    #expect(answer.rows.first?["written"] == .integer(0))
    let unsent = try await replicas.town.unsent().entries
    #expect(unsent == 1)
  }

  @Test func `Sets gain and lose single elements, or are named as a whole`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Kita", "sectors=health|social").id
    func sectors() -> JSONValue? { replicas.show(replicas.town, id)?.field("sectors") }
    #expect(sectors() == .array(["health", "social"]))
    _ = replicas.edit(replicas.town, id, "sectors+=education", "sectors-=health")
    #expect(sectors() == .array(["education", "social"]))
    _ = replicas.edit(replicas.town, id, "sectors=justice")
    #expect(sectors() == .array(["justice"]))
    _ = replicas.edit(replicas.town, id, "sectors=")
    #expect(sectors() == nil)
    #expect(replicas.edit(replicas.town, id, "name+=x").outcome == .wrongUse)
  }

  @Test func `A value goes where it is put, and an edit leaves it there`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Haus", "phone@kreis=0221 4710-1").id
    #expect(replicas.show(replicas.town, id)?.scope("phone") == "kreis")
    _ = replicas.edit(replicas.town, id, "phone=0221 4710-2")
    let json = try #require(replicas.show(replicas.town, id))
    #expect(json.scope("phone") == "kreis")
    #expect(json.field("phone") == "0221 4710-2")
    #expect(replicas.edit(replicas.town, id, "phone@nobody=1").outcome == .wrongUse)
  }

  @Test func `Wrong names and values are answered with the right ones`() async throws {
    let replicas = try await Replicas()
    let kind = replicas.add(replicas.town, "organisation", "name=x")
    #expect(kind.outcome == .wrongUse)
    #expect(kind.failure?.text.contains("did you mean „organization“") == true)
    let field = replicas.add(replicas.town, "organization", "nmae=x")
    #expect(field.failure?.text.contains("did you mean „name“") == true)
    let value = replicas.add(replicas.town, "organization", "name=x", "carrier=state")
    #expect(value.failure?.text.contains("free (freier Träger)") == true)
    let required = replicas.add(replicas.town, "organization", "city=Halver")
    #expect(required.failure?.text.contains("Pflichtfeld") == true)
    #expect(replicas.list(replicas.town, "organization").isEmpty)
  }

  @Test func `A record is named by its id, the beginning of it or its external id`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Kita", "external_id=kita-1").id
    for name in [id, String(id.prefix(23)), id.uppercased(), "key:kita-1"] {
      #expect(replicas.show(replicas.town, name)?["id"] == .string(id), "\(name)")
    }
    for name in ["key:kita-2", "ffffffff", "x", ""] {
      let answer = replicas.run(replicas.town, LocalRequest("show", ["id": .string(name)]))
      #expect(answer.outcome == .no, "\(name)")
    }
    _ = replicas.add(replicas.town, "organization", "name=Zwei")
    let several = replicas.run(
      replicas.town, LocalRequest("show", ["id": .string(String(id.prefix(8)))]))
    #expect(several.failure?.text.contains("several records") == true)
  }

  @Test func `References are resolved, and refused where there is no such record`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let id = replicas.add(town, "organization", "name=Kita", "external_id=kita-1").id
    let service = replicas.add(town, "service", "name=Sprechstunde", "organization_id=key:kita-1")
    #expect(replicas.show(town, service.id)?.field("organization_id") == .string(id))
    #expect(replicas.show(town, service.id)?["fields"]?["organization_id"]?["display"] == "Kita")
    let listed = replicas.list(town, "service", "organization_id=\(id)")
    #expect(listed.count == 1)
    let missing = replicas.edit(town, service.id, "organization_id=key:kita-2")
    #expect(missing.outcome == .wrongUse)
    let itself = replicas.edit(town, service.id, "organization_id=\(service.id)")
    #expect(itself.failure?.text.contains("verweist auf den Datensatz selbst") == true)
    let place = replicas.add(town, "location", "name=Haus").id
    let wrongKind = replicas.edit(town, service.id, "organization_id=\(place)")
    #expect(
      wrongKind.failure?.text.contains(
        "ist ein Datensatz der Art Standort; gemeint ist: Organisation") == true)
    let toCome = "0" + id.dropFirst()
    #expect(replicas.edit(town, service.id, "organization_id=\(toCome)").outcome == .done)
    #expect(replicas.show(town, service.id)?.field("organization_id") == .string(toCome))
  }

  @Test func `Only the town and the hub change a record, but everybody may note on it`()
    async throws
  {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.hub, "organization", "name=Kreis").id
    try await replicas.sync()
    let refused = replicas.edit(replicas.town, id, "name=Anders")
    #expect(refused.failure?.text.contains("only Märkischer Kreis") == true)
    #expect(replicas.edit(replicas.town, id, "memo=Rückruf", "name=Kreis").outcome == .done)
    #expect(replicas.show(replicas.town, id)?.scope("memo") == "local")
  }

  @Test func `A conflict shows every value, and resolving ends it everywhere`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Kita", "phone=0221 4710-1").id
    try await replicas.sync()
    _ = replicas.edit(replicas.town, id, "phone=0221 4710-2")
    _ = replicas.edit(replicas.hub, id, "phone=0221 4710-3")
    try await replicas.sync()
    let rows = replicas.run(replicas.town, LocalRequest("conflicts")).rows
    #expect(rows.count == 1)
    #expect(rows.first?["name"] == "Kita")
    guard case .array(let alternatives) = rows.first?["alternatives"] else {
      Issue.record("no alternatives")
      return
    }
    #expect(alternatives.map { $0["value"] } == ["0221 4710-3", "0221 4710-2"])
    #expect(alternatives.map { $0["title"] } == ["Märkischer Kreis", "Halver"])
    func resolve(_ more: [(String, JSONValue)]) -> Answer {
      var members = [JSONValue.Member("id", .string(id)), JSONValue.Member("field", "phone")]
      members += more.map { JSONValue.Member($0.0, $0.1) }
      return replicas.run(replicas.town, LocalRequest("resolve", .object(members)))
    }
    #expect(resolve([]).outcome == .wrongUse)
    #expect(resolve([("take", .integer(3))]).outcome == .wrongUse)
    #expect(resolve([("take", .integer(2))]).outcome == .done)
    #expect(resolve([("take", .integer(1))]).outcome == .wrongUse)
    try await replicas.sync()
    for store in [replicas.town, replicas.hub] {
      #expect(replicas.run(store, LocalRequest("conflicts")).rows.isEmpty)
      #expect(replicas.show(store, id)?.field("phone") == "0221 4710-2")
    }
  }

  @Test func `A history tells who acted, as what and why, and what takes no effect`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Kita").id
    let change = try FieldChange(argument: "name=Kita Süd", file: { $0 })
    _ = replicas.run(
      replicas.town,
      LocalRequest(
        "edit", ["id": .string(id), "changes": .array([change.json])], role: "Koordination",
        reason: "Umbenennung"))
    let rows = replicas.run(replicas.town, LocalRequest("history", ["id": .string(id)])).rows
    #expect(rows.count == 2)
    #expect(rows.last?["role"] == "Koordination")
    #expect(rows.last?["reason"] == "Umbenennung")
    #expect(rows.last?["by"] == "halver")
    #expect(rows.last?["effective"] == .bool(true))
    guard case .array(let writes) = rows.last?["writes"] else {
      Issue.record("no writes")
      return
    }
    #expect(writes.first?["field"] == "name")
    #expect(writes.first?["value"] == "Kita Süd")
  }

  @Test func `Equal logs are exported and folded to equal bytes`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Kita", "sectors=health").id
    _ = replicas.edit(replicas.town, id, "sectors-=health")
    try await replicas.sync()
    func fold(_ store: Store) -> String {
      replicas.run(store, LocalRequest("log-fold")).rows
        .map { JSONWriter.text(of: $0, style: .canonical) }.joined(separator: "\n")
    }
    #expect(fold(replicas.town) == fold(replicas.hub))
    #expect(fold(replicas.town).contains("\"sectors/health\":[{\"by\""))
    let entries = replicas.run(replicas.hub, LocalRequest("log-export")).rows
    #expect(entries.contains { $0["control"]?["act"] == "root" })
    #expect(entries.contains { $0["control"]?["name"] == "halver" })
    let last = try #require(entries.last { $0["record"] == .string(id) })
    #expect(last["kind"] == "write")
    #expect(last["record_kind"] == "organization")
    #expect(last["scope"] == "public")
    guard case .array(let writes) = last["writes"], let write = writes.first else {
      Issue.record("no writes")
      return
    }
    #expect(write["tag"] == "sectors")
    #expect(write["element"] == "health")
    #expect(write["withdraw"] == .bool(true))
    guard case .array(let bases) = write["bases"], case .string(let base) = bases.first else {
      Issue.record("no bases")
      return
    }
    #expect(base.utf8.count == 32)
  }

  @Test func `The status says what is held and what waits`() async throws {
    let replicas = try await Replicas()
    _ = replicas.add(replicas.town, "organization", "name=Kita")
    let json = try #require(replicas.run(replicas.town, LocalRequest("status")).rows.first)
    #expect(json["role"] == "town")
    #expect(json["unsent"] == .integer(1))
    #expect(json["records"]?["organization"] == .integer(1))
    #expect(json["daemon"] == .bool(false))
    try await replicas.sync()
    let later = try #require(replicas.run(replicas.town, LocalRequest("status")).rows.first)
    #expect(later["unsent"] == .integer(0))
  }

  @Test func `An unknown command lists the known ones`() async throws {
    let replicas = try await Replicas()
    let answer = replicas.run(replicas.town, LocalRequest("frobnicate"))
    #expect(answer.outcome == .wrongUse)
    #expect(answer.failure?.text.contains("log-verify") == true)
  }
}
