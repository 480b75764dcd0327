// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisPages
import KreisStore
import Testing

/// The pages for families.
@Suite(.timeLimit(.minutes(3)))
struct PublicPageTests {
  private static let html = ["Accept": "text/html,*/*;q=0.8"]

  private var contact: PageContact {
    var contact = PageContact()
    contact.name = "Kreisjugendamt <Team>"
    contact.email = "familien@kreis.example.org"
    contact.phone = "0221 4710-100"
    contact.imprint = "https://kreis.example.org/impressum"
    return contact
  }

  /// An organization in Halver with a group on Mondays from 9 to 11 for children up to three.
  private func fill(_ api: TestAPI) async throws -> (
    organization: RecordID, offer: RecordID, topic: RecordID
  ) {
    let halver = try await api.add("municipality", ["name": "Halver", "ags": "05962012"])
    let broad = try await api.add("taxonomy_term", ["name": "Früh & fit"])
    let topic = try await api.add(
      "taxonomy_term", ["name": "Krabbelgruppen", "parent_id": "\(broad)"])
    let organization = try await api.add(
      "organization",
      [
        "name": "Familienzentrum \"Süd\"", "municipality_id": "\(halver)",
        "phone": "0221 4710-316", "street": "Mittelstraße 5", "city": "Halver",
      ])
    let offer = try await api.add(
      "service",
      [
        "name": "Krabbelgruppe Löwenzahn", "organization_id": "\(organization)",
        "description": "Für <kleine> Kinder", "minimum_age": "0", "maximum_age": "3",
        "categories": "\(topic)", "free_of_charge": "true", "languages": "de|tr",
      ])
    try await api.add(
      "schedule",
      [
        "service_id": "\(offer)", "rrule": "FREQ=WEEKLY;BYDAY=MO", "dtstart": "2026-01-05",
        "opens_at": "09:00", "closes_at": "11:00", "registration": "telefonisch",
      ])
    try await api.add(
      "schedule",
      [
        "organization_id": "\(organization)", "rrule": "FREQ=WEEKLY;BYDAY=FR",
        "dtstart": "2026-01-02", "opens_at": "08:00", "closes_at": "12:30",
      ])
    try await api.add(
      "service",
      ["name": "Fachtag", "organization_id": "\(organization)", "audience": "professionals"])
    try await api.add(
      "service", ["name": "Später", "organization_id": "\(organization)", "status": "planned"])
    try await api.add("service", ["name": "Geburtsvorbereitung", "from_pregnancy": "true"])
    return (organization, offer, topic)
  }

  private func names(_ api: TestAPI, _ query: String) async -> [String] {
    await api.get("/angebote" + query).text.matches(of: /<h3><a[^>]*>([^<]*)<\/a>/)
      .map { String($0.1) }
  }

  @Test func `Families find offers by words, age, topic, place and what is open now`() async throws
  {
    let api = try await TestAPI(pages: contact)
    let ids = try await fill(api)
    let group = "Krabbelgruppe Löwenzahn"
    #expect(await names(api, "") == ["Geburtsvorbereitung", group])
    #expect(await names(api, "?q=LOEWENZAHN") == [group])
    #expect(await names(api, "?q=l%C3%B6wen+s%C3%BCd") == [group])
    #expect(await names(api, "?q=l%C3%B6wen+nord") == [])
    #expect(await names(api, "?alter=2") == [group])
    #expect(await names(api, "?alter=4") == [])
    #expect(await names(api, "?alter=schwanger") == ["Geburtsvorbereitung"])
    #expect(await names(api, "?ort=Halver") == [group])
    #expect(await names(api, "?ort=Balve") == [])
    #expect(await names(api, "?thema=\(ids.topic)") == [group])
    let page = await api.get("/angebote").text
    // A broader topic has what its narrower ones have.
    let broad = try #require(page.firstMatch(of: /<option value="([^"]*)">Früh &amp; fit</))
    #expect(await names(api, "?thema=\(broad.1)") == [group])
    #expect(page.contains("<option>Halver</option>"))
    #expect(!page.contains("Balve"))
    // 18 January 2027 is a Monday.
    api.clock.set(1_800_259_200)
    #expect(await names(api, "?offen=1") == [group])
    let open = await api.get("/angebote").text
    #expect(open.contains("Jetzt geöffnet:</strong> Montag, 18.1.2027, 9:00-11:00 Uhr</p>"))
    api.clock.set(1_800_259_200 + 3 * 3_600)
    #expect(await names(api, "?offen=1") == [])
    #expect(await api.get("/angebote").text.contains("Nächster Termin:"))
  }

  @Test func `An offer has hours in German, a number to call and whom to tell what is wrong`()
    async throws
  {
    let api = try await TestAPI(pages: contact, publicURL: "https://daten.example.org/hsds")
    let ids = try await fill(api)
    let page = await api.get("/angebot/\(ids.offer)")
    #expect(page.status == 200)
    #expect(page.text.contains("Montag 9:00-11:00 Uhr"))
    #expect(page.text.contains("Für &lt;kleine&gt; Kinder"))
    #expect(page.text.contains("<a href=\"tel:02214710316\">0221 4710-316</a>"))
    #expect(page.text.contains("0 bis 3 Jahre"))
    #expect(page.text.contains("Deutsch, Türkisch"))
    #expect(page.text.contains("Mittelstraße 5"))
    #expect(page.text.contains("Anmeldung: telefonisch"))
    #expect(page.text.contains("mailto:familien@kreis.example.org?subject=Falsche%20Angabe"))
    #expect(page.text.contains("Kreisjugendamt &lt;Team&gt;"))
    #expect(page.text.contains("href=\"https://kreis.example.org/impressum\""))
    // Behind a reverse proxy that cuts the path off, links have it.
    #expect(page.text.contains("href=\"/hsds/einrichtung/\(ids.organization)\""))
    #expect(page.text.contains("href=\"/hsds/services/\(ids.offer)\""))
    #expect(page.text.firstMatch(of: /(href|src|action)="\/(?!hsds\/)/) == nil)
    let organization = await api.get("/einrichtung/\(ids.organization)").text
    #expect(organization.contains("<h1>Familienzentrum &quot;Süd&quot;</h1>"))
    #expect(organization.contains("href=\"/hsds/angebot/\(ids.offer)\""))
    #expect(!organization.contains("Später"))
    #expect(organization.contains("Freitag 8:00-12:30 Uhr"))
    let map = await api.get("/sitemap.xml").text
    #expect(map.contains("<loc>https://daten.example.org/hsds/angebot/\(ids.offer)</loc>"))
    #expect(
      await api.get("/robots.txt").text.contains("https://daten.example.org/hsds/sitemap.xml"))
    let statement = await api.get("/barrierefreiheit").text
    #expect(statement.contains("Barriere melden"))
    #expect(statement.contains("0221 4710-100"))
  }

  @Test func `Pages set no cookie, run no script, load nothing from elsewhere, and are small`()
    async throws
  {
    let api = try await TestAPI(pages: contact)
    let ids = try await fill(api)
    for path in [
      "/", "/angebote", "/angebot/\(ids.offer)", "/einrichtung/\(ids.organization)",
      "/barrierefreiheit", "/angebot/gibtsnicht",
    ] {
      let page = await api.get(path, Self.html)
      #expect(page.fields["set-cookie"] == nil)
      #expect(page.fields["content-type"] == "text/html; charset=utf-8")
      #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
      #expect(page.fields["content-security-policy"]?.contains("script-src") == false)
      #expect(!page.text.contains("<script"))
      #expect(!page.text.contains("style=\""))
      for loaded in page.text.matches(of: /<(?:link|img|script)[^>]*(?:href|src)="([^"]*)"/) {
        #expect(loaded.1.hasPrefix("/"), "\(loaded.1)")
      }
      #expect(page.body.count < 20_000)
    }
    let style = try #require(
      await api.get("/angebote").text.firstMatch(of: /stylesheet" href="([^"]*)"/))
    let sheet = await api.get(String(style.1))
    #expect(sheet.fields["cache-control"]?.contains("immutable") == true)
    #expect(sheet.body.count < 16_000)
  }

  @Test func `A phone that has a page already is told so, until what is public changes`()
    async throws
  {
    let api = try await TestAPI(pages: contact)
    let ids = try await fill(api)
    let first = await api.get("/angebot/\(ids.offer)")
    let tag = try #require(first.fields["etag"])
    let again = await api.get("/angebot/\(ids.offer)", ["If-None-Match": tag])
    #expect(again.status == 304)
    #expect(again.body.isEmpty)
    try await api.change(ids.offer, "service", ["alert": "Heute geschlossen"])
    let changed = await api.get("/angebot/\(ids.offer)", ["If-None-Match": tag])
    #expect(changed.status == 200)
    #expect(changed.text.contains("Heute geschlossen"))
    // Erased or hidden: gone at once.
    try await api.store.write { try $0.delete(ids.offer, Occasion(at: 1_800_000_200)) }
    let gone = await api.get("/angebot/\(ids.offer)", ["If-None-Match": tag])
    #expect(gone.status == 404)
    #expect(gone.text.contains("Hier ist nichts"))
  }

  @Test func `The API stays as it is, and without pages there are none`() async throws {
    let api = try await TestAPI(pages: contact)
    _ = try await fill(api)
    #expect(await api.get("/").json["version"] == "3.0")
    #expect(await api.get("/", Self.html).text.contains("<h1>Was suchen Sie?</h1>"))
    #expect(await api.get("/services", Self.html).json["total_items"] != nil)
    #expect(
      await api.get("/services/gibtsnicht", Self.html).fields["content-type"]
        == "application/problem+json")
    #expect(await api.get("/angebote", method: "POST").status == 405)
    #expect(await api.get("/angebote?seite=99999999999999999999&alter=-1&x=%FF").status == 200)
    let plain = try await TestAPI()
    for path in ["/angebote", "/barrierefreiheit", "/robots.txt", "/seite.css"] {
      #expect(await plain.get(path, Self.html).status == 404, "\(path)")
    }
    #expect(await plain.get("/", Self.html).json["version"] == "3.0")
    let few = try await TestAPI(burst: 3, pages: contact)
    for _ in 1...3 { _ = await few.get("/angebote") }
    let limited = await few.get("/angebote")
    #expect(limited.status == 429)
    #expect(limited.text.contains("Zu viele Anfragen"))
  }

  @Test func `A person of whom the name is public is shown with what else of her is, and no other`()
    async throws
  {
    let api = try await TestAPI(pages: contact)
    let ids = try await fill(api)
    let person = try await api.add(
      "contact",
      [
        "name@public": "Selma Öztürk", "title@public": "Leitung <Café>",
        "phone@public": "0221 4710-555", "email": "selma@example.org",
        "availability@public": "vormittags", "languages@public": "tr",
        "organization_id@public": "\(ids.organization)", "legal_basis": "public_task",
        "source": "Liste",
      ])
    let other = try await api.add(
      "contact",
      [
        "name": "Jan Beispiel", "organization_id@public": "\(ids.organization)",
        "phone@public": "0221 4710-556", "legal_basis": "public_task", "source": "Liste",
      ])
    try await api.add(
      "contact",
      [
        "name@public": "Mia Muster", "service_id@public": "\(ids.offer)",
        "valid_until": "2027-01-15", "legal_basis": "consent", "consent_date": "2026-01-15",
        "source": "Liste",
      ])
    let page = await api.get("/einrichtung/\(ids.organization)").text
    for text in [
      "Ansprechpersonen", "<h3>Selma Öztürk</h3>", "Leitung &lt;Café&gt;", "vormittags", "Türkisch",
      "tel:02214710555",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    for text in ["selma@example.org", "Jan Beispiel", "4710-556", "Mia"] {
      #expect(!page.contains(text), "\(text)")
    }
    #expect(await api.get("/angebot/\(ids.offer)").text.contains("<h3>Mia Muster</h3>"))

    // Whoever is there for an offer and for its place is shown once.
    let house = try await api.add(
      "location", ["name": "Haupthaus", "organization_id": "\(ids.organization)"])
    let place = try await api.add(
      "service_at_location", ["service_id": "\(ids.offer)", "location_id": "\(house)"])
    try await api.add(
      "contact",
      [
        "name@public": "Ada Doppel", "service_id@public": "\(ids.offer)",
        "service_at_location_id@public": "\(place)", "legal_basis": "public_task",
        "source": "Liste",
      ])
    let offer = await api.get("/angebot/\(ids.offer)").text
    #expect(offer.matches(of: /<h3>Ada Doppel</).count == 1, "\(offer)")

    // What she agreed to has ended: 16 January 2027.
    api.clock.set(1_800_000_000 + 86_400)
    try await api.change(ids.offer, "service", ["alert": "Raum 2"])
    let later = await api.get("/angebot/\(ids.offer)").text
    #expect(later.contains("Raum 2") && !later.contains("Mia"))
    #expect(await !api.get("/services/\(ids.offer)").text.contains("Mia"))

    try await api.change(person, "contact", ["restricted": "true"])
    #expect(await !api.get("/einrichtung/\(ids.organization)").text.contains("Öztürk"))
    try await api.change(other, "contact", ["name@public": "Jan Beispiel"])
    #expect(await api.get("/einrichtung/\(ids.organization)").text.contains("Jan Beispiel"))
  }

  @Test func `A printed list says by what it was made and when, which is no change of the page`()
    async throws
  {
    let api = try await TestAPI(pages: contact)
    let ids = try await fill(api)
    let path = "/angebote?q=gruppe+%3C&alter=2&ort=Halver&thema=\(ids.topic)&offen=1"
    let page = await api.get(path)
    let text = try #require(page.text.firstMatch(of: /class="printed">(.*)<\/p>/)).output.1
    #expect(
      text == """
        Ausgewählt: Stichwort „gruppe &lt;“; Alter: 2 Jahre; Thema: Krabbelgruppen; Ort: Halver; jetzt \
        geöffnet. Stand: 15.01.2027, 09:00 Uhr
        """)
    #expect(await api.get("/angebote").text.contains("class=\"printed\">Stand: 15.01.2027"))
    api.clock.set(1_800_000_000 + 120)
    let tag = try #require(page.fields["etag"])
    #expect(await api.get(path, ["If-None-Match": tag]).status == 304)
  }
}
