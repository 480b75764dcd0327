// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import Testing

/// vCards. It is 15 January 2027.
struct CardWriterTests {
  private func card(_ directory: SampleDirectory, _ number: Int) throws -> ExportResult {
    try CardWriter(source: directory.source, now: 1_800_000_000)
      .card(#require(directory[number]))
  }

  @Test func `A contact's card has organization, roles, numbers as typed and the place of work`()
    throws
  {
    var directory = SampleDirectory()
    try directory.add("organization", 1, ["name": "Stadt Halver; Jugendamt"])
    try directory.add("location", 2, ["name": "Rathaus"])
    try directory.add(
      "address", 3,
      [
        "location_id": "2", "address_1": "Thomasstraße 18", "address_2": "2. Etage",
        "postal_code": "58553", "city": "Halver", "country": "DE",
      ])
    try directory.add(
      "contact", 4,
      [
        "name": "Ayla Beispiel", "academic_degree": "Dr.", "title": "Sachgebietsleitung",
        "department": "Frühe Hilfen, Prävention", "organization_id": "1", "location_id": "2",
        "phone": "0221 / 4710 244", "email": "ayla@example.org", "availability": "Mo–Do",
        "room": "2.12", "languages": "de|tr",
      ])
    try directory.add(
      "phone", 5,
      ["number": "(02 21) 4710 442", "extension": "12", "type": "cell", "contact_id": "4"])
    try directory.add("network", 6, ["name": "Netzwerk West"])
    try directory.add(
      "role_assignment", 7,
      ["contact_id": "4", "role": "Netzwerkkoordination", "network_id": "6", "valid_to": "2027"])
    try directory.add(
      "role_assignment", 8,
      ["contact_id": "4", "role": "Projektleitung", "deputy_for_id": "9", "valid_from": "2020-01"])
    try directory.add(
      "role_assignment", 9, ["contact_id": "4", "role": "Früheres Amt", "valid_to": "2026-12"])
    let expected = """
      BEGIN:VCARD
      VERSION:4.0
      UID:urn:uuid:00000000-002a-8abc-9def-000000000004
      KIND:individual
      FN:Dr. Ayla Beispiel
      ORG:Stadt Halver\\; Jugendamt;Frühe Hilfen\\, Prävention
      TITLE:Sachgebietsleitung
      ROLE:Netzwerkkoordination\\, Netzwerk West
      ROLE:Projektleitung (Vertretung)
      TEL;TYPE="work,voice":0221 / 4710 244
      TEL;TYPE="work,cell":(02 21) 4710 442 Durchwahl 12
      EMAIL;TYPE=work:ayla@example.org
      ADR;TYPE=work:;;Thomasstraße 18\\, 2. Etage;Halver;;58553;DE
      LANG:de
      LANG:tr
      NOTE:Erreichbarkeit: Mo–Do\\nZimmer: 2.12
      END:VCARD

      """
    #expect(text(try card(directory, 4)) == expected.replacing("\n", with: "\r\n"))
  }

  @Test func `An organization's card has its numbers and address, none of a person's`() throws {
    var directory = SampleDirectory()
    try directory.add(
      "organization", 1,
      [
        "name": "Kita Löwenzahn", "alternate_name": "Die Löwen", "street": "Am Markt 1",
        "postal_code": "58553", "city": "Halver", "phone": "0221 4710-316",
        "fax": "0221 4710-317", "website": "https://example.org/a,b;c",
      ])
    try directory.add("phone", 2, ["number": "0221 4710-318", "organization_id": "1"])
    try directory.add(
      "phone", 3, ["number": "0221 4710-319", "organization_id": "1", "contact_id": "4"])
    let expected = """
      BEGIN:VCARD
      VERSION:4.0
      UID:urn:uuid:00000000-002a-8abc-9def-000000000001
      KIND:org
      FN:Kita Löwenzahn
      ORG:Kita Löwenzahn
      NICKNAME:Die Löwen
      TEL;TYPE="work,voice":0221 4710-316
      TEL;TYPE="work,fax":0221 4710-317
      TEL;TYPE="work,voice":0221 4710-318
      URL:https://example.org/a,b;c
      ADR;TYPE=work:;;Am Markt 1;Halver;;58553;
      END:VCARD

      """
    #expect(text(try card(directory, 1)) == expected.replacing("\n", with: "\r\n"))
  }

  @Test func `A protected place is on no card`() throws {
    var directory = SampleDirectory()
    try directory.add(
      "organization", 1, ["name": "Frauenhaus", "street": "Geheimweg 1", "city": "Halver"],
      isPlaceProtected: true)
    try directory.add("location", 2, ["name": "Haus", "organization_id": "1"])
    try directory.add(
      "address", 3, ["location_id": "2", "address_1": "Geheimweg 1", "city": "Halver"])
    try directory.add("location", 4, ["name": "Haus"], isPlaceProtected: true)
    try directory.add(
      "address", 5, ["location_id": "4", "address_1": "Geheimweg 2", "city": "Halver"])
    try directory.add("contact", 6, ["name": "Ayla Beispiel", "organization_id": "1"])
    try directory.add("contact", 7, ["name": "Ayla Beispiel", "location_id": "4"])
    for number in [1, 6, 7] { #expect(!text(try card(directory, number)).contains("Geheimweg")) }
  }

  @Test func `Without a name for these readers there is no card`() throws {
    var directory = SampleDirectory()
    try directory.add("contact", 1, ["title": "Leitung"])
    #expect(text(try card(directory, 1)).hasPrefix("(its name"))
  }

  @Test func `Every text survives escaping and folding`() throws {
    var dice = Dice(7)
    for _ in 0..<500 {
      let drawn = dice.text("a,;:\\nN\"' äß–\u{1F476}\u{1F3FD}\u{308}", upTo: 200)
      var directory = SampleDirectory()
      guard (try? directory.add("contact", 1, ["name": drawn, "room": drawn])) != nil else {
        continue
      }
      guard case .written(let bytes) = try card(directory, 1) else {
        Issue.record("no card")
        return
      }
      let lines = try ReadLine.all(bytes)
      let name = try #require(directory[1]?["name"])
      #expect(lines.first { $0.name == "FN" }?.text == name)
      #expect(lines.first { $0.name == "NOTE" }?.text == "Zimmer: \(name)")
    }
  }
}
