// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// Tables and directories of others, imported into a replica.
@Suite struct OfficeImportTests {
  private func run(
    _ replicas: Replicas, _ input: String, format: String = "csv", mapping: String? = nil,
    kind: String? = nil, key: String? = nil, legalBasis: String? = nil, isDryRun: Bool = false,
    keepsGoing: Bool = false
  ) -> Answer {
    let text = { (value: String?) in value.map { JSONValue.string($0) } ?? .null }
    return replicas.run(
      replicas.town,
      LocalRequest(
        "import",
        [
          "format": .string(format), "mapping": text(mapping), "kind": text(kind),
          "key": text(key), "legal_basis": text(legalBasis), "dry_run": .bool(isDryRun),
          "keep_going": .bool(keepsGoing),
        ], hasInput: true), input: input)
  }

  private func report(_ answer: Answer) -> JSONValue { answer.rows.last ?? .null }

  private func counts(_ answer: Answer) -> [String] {
    ["created", "changed", "unchanged", "refused"].map {
      if case .number(let text)? = report(answer)[$0] { text } else { "?" }
    }
  }

  private let mapping = """
    key: Einrichtung
    records:
      - kind: organization
        key: Einrichtung
        fields: { name: Einrichtung, city: Ort, sectors: { constant: health } }
      - kind: contact
        when: Leitung
        fields:
          name: Leitung
          organization_id: { record: organization }
          legal_basis: { constant: public_task }
          source: { constant: Liste der Kitas }

    """
  private let table = "Einrichtung;Ort;Leitung;Farbe\nKita A;Halver;Ayla Beispiel;rot\nKita B;;;\n"

  @Test func `A dry run tells what would change and changes nothing`() async throws {
    let replicas = try await Replicas()
    let first = run(replicas, table, mapping: mapping, isDryRun: true)
    #expect(first.outcome == .done)
    #expect(counts(first) == ["3", "0", "0", "0"])
    #expect(report(first)["imported"] == .bool(false))
    #expect(first.rows.dropLast().map { $0["change"] } == ["new", "new", "new"])
    #expect(first.rows[1]["fields"].map { JSONWriter.text(of: $0) }?.contains("key:row-") == true)
    #expect(replicas.list(replicas.town, "organization").isEmpty)
    let unsent = try await replicas.town.unsent()
    #expect(unsent.isEmpty)

    #expect(counts(run(replicas, table, mapping: mapping)) == ["3", "0", "0", "0"])
    #expect(counts(run(replicas, table, mapping: mapping)) == ["0", "0", "3", "0"])

    let moved = run(
      replicas, table.replacing("Halver", with: "Kierspe"), mapping: mapping, isDryRun: true)
    #expect(counts(moved) == ["0", "1", "2", "0"])
    let change = try #require(moved.rows.first { $0["change"] == "changed" })
    #expect(
      change["fields"]
        == .array([
          ["field": "city", "scope": "public", "old": "Halver", "new": "Kierspe"]
        ]))
    let kita = try #require(
      replicas.list(replicas.town, "organization").first { $0["name"] == "Kita A" })
    guard case .string(let id)? = kita["id"] else { return }
    #expect(replicas.show(replicas.town, id)?.field("city") == "Halver")
  }

  @Test func `Columns that nobody knows are told, and a wrong mapping names its line`() async throws
  {
    let replicas = try await Replicas()
    let answer = run(replicas, table, mapping: mapping)
    #expect(JSONWriter.text(of: report(answer)["warnings"] ?? .null).contains("„Farbe“"))
    let wrong = run(replicas, table, mapping: mapping.replacing("Ort,", with: "Stadt,"))
    #expect(wrong.outcome == .wrongUse)
    #expect(wrong.failure?.text.contains("line 5: the table has no column „Stadt“") == true)
  }

  @Test func `Rows without an id are found again by the fields that name them`() async throws {
    let replicas = try await Replicas()
    let table = "Name;Postleitzahl;Telefon\nKita A;58553;0221 4710–001\nKita A;58540;\n"
    let imported = { (key: String) in run(replicas, table, kind: "organization", key: key) }
    #expect(counts(imported("name,Postleitzahl")) == ["2", "0", "0", "0"])
    #expect(counts(imported("name,Postleitzahl")) == ["0", "0", "2", "0"])
    let twice = imported("name")
    #expect(
      twice.errors == ["3: external_id „\(try externalID(of: twice))“ stands in line 2 already"])
    #expect(counts(imported("external_id")) == ["0", "0", "0", "2"])
  }

  private func externalID(of answer: Answer) throws -> String {
    let text = try #require(answer.errors.first)
    return String(text.split(separator: "„")[1].split(separator: "“")[0])
  }

  // MARK: - HSDS

  private func export(_ replicas: Replicas) -> String {
    replicas.run(replicas.town, LocalRequest("export", ["format": "hsds", "scope": "kreis"])).rows
      .map { if case .string(let text) = $0["text"] { text } else { "" } }.joined()
  }

  @Test func `What was exported as HSDS and imported elsewhere is exported the same again`()
    async throws
  {
    let source = try await Replicas()
    #expect(source.import(source.town, sample).outcome == .done)
    let first = export(source)
    let copy = try await Replicas()
    let answer = run(copy, first, format: "hsds", legalBasis: "public_task")
    #expect(answer.outcome == .done, "\(answer.errors)")
    #expect(report(answer)["warned"] == .integer(0))
    let again = run(copy, first, format: "hsds", legalBasis: "public_task")
    #expect(counts(again)[0...1] == ["0", "0"])

    let second = try Normal(export(copy), ids: ids(of: copy)).text
    #expect(second == (try Normal(first, ids: [:]).text))
    // At home every record is found by its own id; new is only the place of Haus A, which had none.
    let home = run(source, first, format: "hsds", legalBasis: "public_task")
    #expect(counts(home)[0] == "2")
    // Nobody is taken without a legal basis.
    let other = try await Replicas()
    let lost = report(run(other, first, format: "hsds"))["lost"]
    #expect(JSONWriter.text(of: lost ?? .null).contains("contact without legal_basis"))
    #expect(other.list(other.town, "contact").isEmpty)
  }

  /// The external id of every record.
  private func ids(of replicas: Replicas) -> [String: String] {
    var ids: [String: String] = [:]
    for row in replicas.run(replicas.town, LocalRequest("export", ["format": "ndjson"])).rows {
      if case .string(let id)? = row["id"], case .string(let key)? = row["external_id"] {
        ids[id] = key
      }
    }
    return ids
  }

  /// A document without what depends on where it was made: ids of objects that are no records, the
  /// order of lists, and what the copy has its ids from.
  private struct Normal {
    let text: String

    init(_ document: String, ids: [String: String]) throws {
      var document = document
      for (id, key) in ids { document = document.replacing(id, with: key) }
      let json = try JSONParser.parse(Array(document.utf8), limit: 10_000_000)
      text = JSONWriter.text(of: Self.normal(json), style: .canonical)
    }

    private static func normal(_ json: JSONValue) -> JSONValue {
      switch json {
      case .array(let elements):
        let kept = elements.filter {
          $0["link_type"] != "external_id" && $0["identifier_type"] != "external_id"
        }
        return .array(
          kept.map(normal).sorted {
            JSONWriter.text(of: $0, style: .canonical) < JSONWriter.text(of: $1, style: .canonical)
          })
      case .object(let members):
        return .object(
          members.compactMap { member in
            if member.name == "id", !isRecord(member.value) { return nil }
            if member.name == "link_id" || member.name == "external_identifier" { return nil }
            if member.name == "external_identifier_type" { return nil }
            if member.name == "location_id" || member.name == "organization_id",
              !isRecord(member.value)
            {
              return nil
            }
            let value = normal(member.value)
            return value == .array([]) ? nil : .init(member.name, value)
          })
      default: return json
      }
    }

    /// Records have ids of version 8, all other objects name-based ones.
    private static func isRecord(_ id: JSONValue) -> Bool {
      guard case .string(let text) = id else { return false }
      return text.count == 36 && text.dropFirst(14).first == "8"
    }
  }

  private let sample = """
    {"kind":"taxonomy_term","external_id":"t","name":"Frühe Hilfen","code":"fh","taxonomy":"Kreis"}
    {"kind":"organization","external_id":"o","name":"Haus A","organization_type":"Beratungsstelle","phone":"0221 4710-001","fax":"0221 4710-002","street":"Am Markt 1","postal_code":"58553","city":"Halver","categories":["key:t"],"carrier":"free","from_pregnancy":true,"languages":["de","tr"],"website":"https://example.org/a"}
    {"kind":"organization","external_id":"o2","name":"Haus B","description":"Mit Beschreibung","parent_organization_id":"key:o","sectors":["health","social"]}
    {"kind":"location","external_id":"l","name":"Haus B","organization_id":"key:o2","latitude":51.2,"longitude":7.5,"accessibility":"partial","accessibility_details":"Rampe","transportation":"Bus 1"}
    {"kind":"address","external_id":"d","location_id":"key:l","address_1":"Weg 2","city":"Halver","postal_code":"58553"}
    {"kind":"contact","external_id":"c","name":"Ayla Beispiel","title":"Leitung","legal_basis":"public_task","source":"HSDS","organization_id":"key:o2","phone":"0221 4710-003","email":"ayla@example.org","availability":"vormittags"}
    {"kind":"phone","external_id":"p","number":"0221 4710-004","number_e164":"+492214710004","type":"cell","organization_id":"key:o2","description":"Bereitschaft"}
    {"kind":"service","external_id":"s","name":"Elterncafé","organization_id":"key:o2","description":"Offen für alle","status":"planned","free_of_charge":true,"minimum_age":0,"maximum_age":3,"languages":["de"],"audience":["families"],"access":"open","categories":["key:t"],"phone":"0221 4710-005"}
    {"kind":"service_area","external_id":"sa","service_id":"key:s","name":"Halver","extent_type":"text"}
    {"kind":"service_at_location","external_id":"sl","service_id":"key:s","location_id":"key:l","room":"1.2"}
    {"kind":"schedule","external_id":"h","service_at_location_id":"key:sl","rrule":"FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5;BYDAY=TU","opens_at":"09:00","closes_at":"11:30","attending_type":"in_person"}
    {"kind":"schedule","external_id":"h2","location_id":"key:l","rrule":"FREQ=WEEKLY;BYDAY=MO","opens_at":"14:00","closes_at":"16:00","description":"nur mit Termin"}
    """
}
