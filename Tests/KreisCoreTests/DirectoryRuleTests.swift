// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

struct DirectoryRuleTests {
  private func problems(
    _ kind: String, _ values: KeyValuePairs<String, String?>, isNew: Bool = true
  ) throws -> [String] {
    let kind = try Schema.directory.kind(named: kind)
    let values = try values.map { FieldValue(try kind.field(named: $0.key), $0.value) }
    return kind.problems(in: values, isNew: isNew).map(\.description)
  }

  @Test func `a contact says on what basis and from where, and a consent when`() throws {
    #expect(
      try problems("contact", ["name": "Ayla Beispiel"]).map { $0.prefix { $0 != ":" } }
        == ["legal_basis", "source"])
    let consent: KeyValuePairs<String, String?> = [
      "name": "Ayla Beispiel", "legal_basis": "consent", "source": "Meldebogen",
    ]
    #expect(try problems("contact", consent).first?.contains("review_date") == true)
    #expect(try problems("contact", consent, isNew: false) == [])
    #expect(
      try problems(
        "contact",
        [
          "name": "Ayla Beispiel", "legal_basis": "consent", "source": "Meldebogen",
          "review_date": "2027-01-01",
        ]) == [])
  }

  @Test func `a number belongs to exactly one, and its two forms are one number`() throws {
    #expect(
      try problems("phone", ["number": "0221 4710-244"])
        == [
          "organization_id: „“ fehlt: eine Nummer gehört zu genau einem von: organization_id, "
            + "contact_id, location_id, service_id, service_at_location_id."
        ])
    #expect(
      try problems("phone", ["number": "0221 4710-244", "contact_id": "a"]) == [])
    #expect(
      try problems(
        "phone", ["number": "0221 4710-244", "contact_id": "a", "organization_id": "b"],
        isNew: false
      ).first?.hasPrefix("contact_id: „a“ steht neben organization_id") == true)
    #expect(
      try problems(
        "phone",
        ["number": "0221 4710-244", "contact_id": "a", "number_e164": "+492214710245"]
      ).first?.contains("das ist +492214710244") == true)
  }

  @Test(arguments: [
    ("0221 / 4710 244", "+492214710244"), ("0221/4710392", "+492214710392"),
    ("(02 21) 4710 442", "+492214710442"), ("+49 (0)221 4710-244", "+492214710244"),
    ("+49 221 4710 244", "+492214710244"), ("0049 221 4710244", "+492214710244"),
    ("(0)221 4710-244", "+492214710244"), ("4710-244", nil), ("110", nil), ("+49+221", nil),
  ])
  func `a number as typed has one international form, or none`(spelling: String, form: String?) {
    #expect(PhoneNumber.e164(spelling) == form)
  }

  @Test func `ages, deputies, areas, members and attendance make sense`() throws {
    #expect(
      try problems("service", ["name": "Café", "from_pregnancy": "true", "minimum_age": "3"])
        .first?.contains("ab der Schwangerschaft") == true)
    #expect(
      try problems("service", ["name": "Café", "from_pregnancy": "true", "minimum_age": "0"])
        == [])
    #expect(
      try problems(
        "role_assignment", ["contact_id": "a", "role": "Leitung", "deputy_for_id": "a"]
      ).first?.contains("dieselbe Person") == true)
    #expect(
      try problems("service_area", [:]).map { $0.prefix { $0 != ":" } }
        == ["service_id", "municipalities"])
    #expect(try problems("service_area", ["service_id": "a", "district": "Dorf"]) == [])
    #expect(
      try problems("network_membership", ["network_id": "a"]).first?.hasPrefix("organization_id")
        == true)
    #expect(try problems("network_membership", ["network_id": "a", "contact_id": "b"]) == [])
    #expect(
      try problems("network_meeting", ["name": "Forum", "attendance_approximate": "true"])
        .first?.contains("attendance") == true)
    #expect(
      try problems(
        "network_meeting",
        ["name": "Forum", "date": "--09-05", "attendance": "70", "attendance_approximate": "true"])
        == [])
    #expect(
      try problems("network", ["name": "Netzwerk", "legal_basis_since": "2012-01-01"])
        .map { $0.prefix { $0 != ":" } } == ["municipalities", "legal_basis_since"])
  }
}

struct DefaultVocabularyTests {
  /// The words by which the networks of three Kreise name the categories of their members.
  private static let spoken = [
    "Wohlfahrtsverband", "Schule", "Kindertageseinrichtung", "Klinik", "Ärztliche Praxis",
    "Psychologische Praxis", "Lebensberatungsstelle", "Erziehungsberatungsstelle",
    "Schwangerschaftsberatungsstelle", "Schuldnerberatung", "Frauenhaus", "Hebamme",
    "Ordnungsbehörde", "Polizei", "Gesundheitsamt des Kreises", "Bereich Familie und Jugend",
    "Öffentlicher Träger der Kinder- und Jugendhilfe",
    "Freier Träger der Kinder- und Jugendhilfe", "Familienzentrum", "Landschaftsverband",
    "Jugendhilfe", "Gesundheitshilfe", "Behindertenhilfe", "Sozialamt", "Familienbüro",
    "Kreisjugendamt", "Kinderschutzbund", "Kindertageseinrichtung/Familienzentrum",
    "Kindertagespflege", "Frauen- und Schwangerschafts(konflikt)beratungsstelle",
    "Drogenberatungsstelle", "Familienunterstützender Dienst (FuD)",
    "Aufsuchende Elternarbeit", "Haus der Kulturen", "Frühförderung/Heilpädagogik",
    "Sprachförderung", "Gesundheitsamt", "Niedergelassene Kinderärztin oder Kinderarzt",
    "Allgemeinmedizin", "Sozialpsychiatrischer Dienst", "Bezirkssozialarbeit",
    "Pflegekinderdienst", "Jugendhilfeplanung", "Jugendförderung", "Jobcenter", "Ordnungsamt",
    "Familienbildungsstätte", "Träger der ambulanten und stationären Kinder- und Jugendhilfe",
    "Kinder- und Jugendhilfe", "Gesundheitswesen", "Bildung",
    "Kinder- und Jugendärztlicher Dienst",
  ]

  @Test func `every category that the networks speak of is there once, by name or synonym`() {
    let names = DefaultVocabulary.terms.flatMap { [$0.name] + $0.synonyms }.map(GermanName.plain)
    for word in Self.spoken {
      #expect(names.count { $0 == GermanName.plain(word) } == 1, "\(word)")
    }
    #expect(Set(names).count == names.count)
  }

  @Test func `keys are unique, and broader categories come first`() {
    var known: Set<String> = []
    for term in DefaultVocabulary.terms {
      #expect(known.insert(term.key).inserted)
      #expect(term.parent.map(known.contains) ?? true)
    }
    #expect(DefaultVocabulary.terms.contains { $0.code == DefaultVocabulary.shelterCode })
  }
}

struct GermanNameTests {
  @Test(arguments: [
    ("Städt. Kita „Löwenzahn“", "Städtische Kindertagesstätte Löwenzahn"),
    ("Ev. Familienzentrum St. Martin e.V.", "Evangelisches Familienzentrum Sankt Martin"),
    ("Dr. med. Ayla Beispiel", "Beispiel, Ayla"), ("Müller GmbH", "Mueller"),
  ])
  func `spellings of one name are equal`(first: String, second: String) {
    #expect(GermanName.key(first) == GermanName.key(second))
  }

  @Test func `streets are equal with and without abbreviation`() {
    #expect(GermanName.street("Bahnhofstr. 9") == GermanName.street("Bahnhofstraße 9"))
    #expect(GermanName.street("Bahnhofstr. 9") != GermanName.street("Bahnhofstraße 19"))
  }
}
